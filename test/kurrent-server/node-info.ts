import { setTimeout } from 'node:timers/promises';
import type { sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js';
import type { ClusterInfo } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import gossip from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import type { Call, Orders } from './faults.ts';

// What a node tells of itself and of its cluster: the client asks both before anything else.

export const host = '127.0.0.1';

type Cluster = { readonly leader: number; readonly nodes: readonly { readonly port: number }[] };

/** A call with one answer, which may be ordered late, wrong or never. */
export const unary =
  <Message>(orders: Orders, call: Call, build: () => Message): UntypedHandleCall =>
  async (_call: unknown, answer: sendUnaryData<Message>) => {
    const order = orders.take(call);
    if (order?.kind === 'hang') return;
    if (order?.kind === 'refuse') return answer(order.error);
    if (order?.kind === 'delay') await setTimeout(order.ms);
    answer(null, build());
  };

/** What the client decides by how it appends. */
export const supportedMethods = () => {
  const message = new features.SupportedMethods();
  message.setEventStoreServerVersion('26.0.0');
  const methods = ['read', 'append', 'batchappend'].map((name) => {
    const method = new features.SupportedMethod();
    method.setServiceName('event_store.client.streams.streams');
    method.setMethodName(name);
    method.setFeaturesList(name === 'read' ? ['position', 'events'] : []);
    return method;
  });
  message.setMethodsList(methods);
  return message;
};

/** Who there is and who leads. */
export const members = (cluster: Cluster): ClusterInfo => {
  const info = new gossip.ClusterInfo();
  info.setMembersList(
    cluster.nodes.map(({ port }, index) => {
      const id = new shared.UUID();
      id.setString(`00000000-0000-4000-8000-00000000000${index}`);
      const at = new gossip.EndPoint();
      at.setAddress(host);
      at.setPort(port);
      const member = new gossip.MemberInfo();
      member.setInstanceId(id);
      member.setTimeStamp('17636400000000000');
      const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState;
      member.setState(index === cluster.leader ? LEADER : FOLLOWER);
      member.setIsAlive(true);
      member.setHttpEndPoint(at);
      return member;
    }),
  );
  return info;
};
