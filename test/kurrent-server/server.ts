import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import gossipService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb.js';
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import streamsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import { serveAppend, serveBatchAppend } from './append.ts';
import { createOrders, type Faults, type Orders } from './faults.ts';
import { createLog, type Log } from './log.ts';
import { callError, fail, notLeader, serializeAnswer } from './messages.ts';
import { host, members, supportedMethods, unary } from './node-info.ts';
import { serveRead } from './read.ts';

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

export type KurrentServerOptions = {
  readonly nodes?: number;
  /** With TLS, and only for who comes with this user and password. */
  readonly secured?: Secured;
};

type Secured = { readonly certificate: Buffer; readonly key: Buffer; readonly user: string; readonly password: string };

/** Starts a server of so many nodes on free ports. The first leads. */
export const startKurrentServer = async ({ nodes = 1, secured }: KurrentServerOptions = {}): Promise<KurrentServer> => {
  const log = createLog();
  const orders = createOrders();
  const cluster: MovingCluster = { leader: 0, nodes: [], secured: secured ?? null };
  for (let index = 0; index < nodes; index += 1) {
    cluster.nodes.push(await startNode(log, orders, cluster, index));
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

type Cluster = {
  readonly leader: number;
  readonly nodes: readonly KurrentNode[];
  readonly secured: Secured | null;
};
type MovingCluster = { leader: number; readonly nodes: KurrentNode[]; readonly secured: Secured | null };

const startNode = async (log: Log, orders: Orders, cluster: Cluster, index: number): Promise<KurrentNode> => {
  let server: Server | null = null;
  let port = 0;
  const start = async (): Promise<void> => {
    if (server !== null) return;
    server = new Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 });
    addServices(server, log, orders, cluster, index);
    port = await bind(server, port, cluster.secured);
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

const bind = (server: Server, port: number, secured: Secured | null): Promise<number> =>
  new Promise((resolve, reject) => {
    const credentials =
      secured === null
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ private_key: secured.key, cert_chain: secured.certificate }]);
    server.bindAsync(`${host}:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });

/** What a handler has of its call before it answers. */
type AnyCall = { readonly metadata: Metadata; emit(event: 'error', error: ServiceError): unknown };

const addServices = (server: Server, log: Log, orders: Orders, cluster: Cluster, index: number): void => {
  const refused = ({ metadata }: { readonly metadata: Metadata }): ServiceError | null => {
    const leader = cluster.nodes[cluster.leader];
    if (cluster.secured !== null && !isKnown(cluster.secured, metadata)) {
      return callError(status.UNAUTHENTICATED, 'Unauthenticated');
    }
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

const isKnown = ({ user, password }: Secured, metadata: Metadata): boolean => {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return metadata.get('authorization').includes(wanted);
};
