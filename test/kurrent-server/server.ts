import { setTimeout } from 'node:timers/promises';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import gossipService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb.js';
import type { ClusterInfo } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import gossip from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import streamsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import { serveAppend, serveBatchAppend } from './append.ts';
import { type Call, createOrders, type Faults, type Orders } from './faults.ts';
import { createLog, type Log } from './log.ts';
import { fail, notLeader, serializeAnswer } from './messages.ts';
import { serveRead } from './read.ts';

const host = '127.0.0.1';

export type KurrentNode = {
  readonly port: number;
  /** Takes connections again, on the same port and with everything that was written. */
  start(): Promise<void>;
  /** Cuts every connection and takes none. */
  stop(): void;
};

/**
 * A server that speaks as much of KurrentDB's protocol as our adapter uses, over the client's own generated stubs.
 * It is our reading of the protocol and no KurrentDB: it has no disk, no users, no replication; nodes share one log.
 */
export type KurrentServer = {
  /** Of the first node. */
  readonly url: string;
  /** Of all nodes, so that the client asks for the leader. */
  readonly clusterUrl: string;
  readonly nodes: readonly KurrentNode[];
  readonly faults: Faults;
  /** Makes another node the leader. */
  lead(node: number): void;
  /** All nodes down and up again; the log stays. */
  restart(): Promise<void>;
  stop(): void;
};

/** Starts a server of so many nodes on free ports. The first leads. */
export const startKurrentServer = async ({ nodes = 1, port = 0 } = {}): Promise<KurrentServer> => {
  const log = createLog();
  const orders = createOrders();
  const cluster: { leader: number; readonly nodes: KurrentNode[] } = { leader: 0, nodes: [] };
  for (let index = 0; index < nodes; index += 1) {
    cluster.nodes.push(await startNode(log, orders, cluster, index, nodes === 1 ? port : 0));
  }
  const address = (node: KurrentNode | undefined): string => `${host}:${node?.port}`;
  return {
    url: `kurrentdb://${address(cluster.nodes[0])}?tls=false&discoveryInterval=10`,
    clusterUrl: `kurrentdb://${cluster.nodes.map(address).join(',')}?tls=false&discoveryInterval=10`,
    nodes: cluster.nodes,
    faults: orders,
    lead: (node) => {
      cluster.leader = node;
    },
    restart: async () => {
      for (const node of cluster.nodes) node.stop();
      for (const node of cluster.nodes) await node.start();
    },
    stop: () => {
      for (const node of cluster.nodes) node.stop();
    },
  };
};

type Cluster = { readonly leader: number; readonly nodes: readonly KurrentNode[] };

const startNode = async (
  log: Log,
  orders: Orders,
  cluster: Cluster,
  index: number,
  wantedPort: number,
): Promise<KurrentNode> => {
  let server: Server | null = null;
  let port = wantedPort;
  const start = async (): Promise<void> => {
    if (server !== null) return;
    server = new Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 });
    addServices(server, log, orders, cluster, index);
    port = await bind(server, port);
  };
  await start();
  return {
    get port() {
      return port;
    },
    start,
    stop: () => {
      server?.forceShutdown();
      server = null;
    },
  };
};

const bind = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });

/** What a handler has of its call before it answers. */
type AnyCall = { readonly metadata: Metadata; emit(event: 'error', error: ServiceError): unknown };

const addServices = (server: Server, log: Log, orders: Orders, cluster: Cluster, index: number): void => {
  const refused = ({ metadata }: { readonly metadata: Metadata }): ServiceError | null => {
    const leader = cluster.nodes[cluster.leader];
    if (cluster.leader === index || leader === undefined) return null;
    return metadata.get('requires-leader').includes('true') ? notLeader({ host, port: leader.port }) : null;
  };
  const streaming =
    <Each extends AnyCall>(serve: (call: Each) => unknown) =>
    (call: Each) => {
      const error = refused(call);
      if (error === null) void serve(call);
      else fail(call, error);
    };
  const unused: UntypedHandleCall = (_call: unknown, answer: sendUnaryData<never>) =>
    answer({ code: 12, details: 'our adapter does not use it' });
  const { read, ...rest } = streamsService.StreamsService;
  server.addService(
    { ...rest, read: { ...read, responseSerialize: serializeAnswer } },
    {
      read: streaming((call: Parameters<typeof serveRead>[2]) => serveRead(log, orders, call)),
      batchAppend: streaming((call: Parameters<typeof serveBatchAppend>[2]) => serveBatchAppend(log, orders, call)),
      append: (call: Parameters<typeof serveAppend>[2], answer: Parameters<typeof serveAppend>[3]) => {
        const error = refused(call);
        if (error === null) serveAppend(log, orders, call, answer);
        else answer(error);
      },
      delete: unused,
      tombstone: unused,
    },
  );
  server.addService(featuresService.ServerFeaturesService, {
    getSupportedMethods: unary(orders, 'features', supportedMethods),
  });
  server.addService(gossipService.GossipService, { read: unary(orders, 'gossip', () => members(cluster)) });
};

const unary =
  <Message>(orders: Orders, call: Call, build: () => Message): UntypedHandleCall =>
  async (_call: unknown, answer: sendUnaryData<Message>) => {
    const order = orders.take(call);
    if (order?.kind === 'hang') return;
    if (order?.kind === 'refuse') return answer(order.error);
    if (order?.kind === 'delay') await setTimeout(order.ms);
    answer(null, build());
  };

const supportedMethods = () => {
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

const members = (cluster: Cluster): ClusterInfo => {
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
