import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type MetricDefinition, metricCatalogue } from '#edge';
import { readCompose } from './compose.ts';
import { expressions, groupedBy, readAlerts, readDashboards, selectorsIn } from './metrics-used.ts';

const compose = readCompose();
const services = Object.entries(compose.services);

describe('the compose file', () => {
  test('every program is of one version, restarts, says whether it is well, and does not fill the disk with logs', () => {
    for (const [name, { image, restart, healthcheck, logging }] of services) {
      expect(image, name).toMatch(/^(hcc:local|[a-z/]+:v?\d+\.\d+\.\d+(-[a-z]+)?)$/);
      expect({ restart, healthcheck, logging }, name).toMatchObject({
        restart: 'unless-stopped',
        healthcheck: { test: expect.any(Array) },
        logging: { options: expect.any(Object) },
      });
    }
  });

  test('no crash of a program of ours writes its memory, and with it keys, to a disk', () => {
    const ours = services.filter(([, { image }]) => image === 'hcc:local');
    expect(ours.length).toBeGreaterThan(3);
    for (const [name, { ulimits }] of ours) expect(ulimits, name).toEqual({ core: 0 });
  });

  test('whoever a program of ours runs as owns each place that a volume of it is mounted on', () => {
    const dockerfile = readFileSync('infra/Dockerfile', 'utf8');
    const owned = /chown "\$HCC_UID:\$HCC_GID" (.*)/.exec(dockerfile)?.[1]?.split(' ');
    const ours = services.filter(([, { image }]) => image === 'hcc:local');
    const mounted = ours.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[1] ?? volume));
    expect(owned).toEqual(expect.arrayContaining([...new Set(mounted)]));
    expect(dockerfile, 'the simulated processor is in no image').toContain('npm run -s build:production');
  });

  test('three of the bus and of the store, of one kind each, none of which knows only itself', () => {
    for (const kind of ['nats', 'kurrent']) {
      const nodes = services.filter(([name]) => name.startsWith(`${kind}-`));
      expect(nodes.map(([name]) => name)).toEqual([`${kind}-1`, `${kind}-2`, `${kind}-3`]);
      expect(new Set(nodes.map(([, { image }]) => image)).size).toBe(1);
    }
    for (const [name, { environment }] of services.filter(([kurrent]) => kurrent.startsWith('kurrent-'))) {
      const others = ['kurrent-1', 'kurrent-2', 'kurrent-3'].filter((other) => other !== name);
      expect(environment.KURRENTDB_GOSSIP_SEED).toBe(others.map((other) => `${other}:2113`).join(','));
      expect(environment.KURRENTDB_UNSAFE_DISABLE_FLUSH_TO_DISK).toBe('false');
    }
  });

  test('what it mounts is in the repository or is made by infra:secrets, and every name is declared', () => {
    for (const [name, { volumes, secrets, networks }] of services) {
      for (const volume of volumes) {
        const [from = '', , mode] = volume.split(':');
        if (!from.startsWith('./')) expect(Object.keys(compose.volumes), name).toContain(from);
        else expect([volume, mode, isKnown(from)]).toEqual([volume, 'ro', true]);
      }
      for (const secret of secrets) expect(Object.keys(compose.secrets), name).toContain(secret);
      for (const network of networks) expect(Object.keys(compose.networks), name).toContain(network);
    }
  });

  test('no secret is written in it: passwords, tokens and keys are paths of files', () => {
    for (const [name, { environment }] of services) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/PASSWORD|TOKEN|KEY|SECRET|CREDENTIALS/.test(variable))
          expect(value, `${name} ${variable}`).toMatch(/^\/run\/secrets/);
        expect(value, `${name} ${variable}`).not.toMatch(/:\/\/[^/\s]*:[^/\s]*@/);
      }
    }
  });

  test('only the bus, the API and the dashboards are reached from outside, the last two from this machine alone', () => {
    const published = services.flatMap(([name, { ports }]) => ports.map((port) => `${name} ${port}`));
    expect(published).toEqual([
      'nats-1 4222:4222',
      'orchestrator-1 127.0.0.1:7071:7070',
      'orchestrator-2 127.0.0.1:7072:7070',
      'grafana 127.0.0.1:3000:3000',
    ]);
    for (const inner of ['store', 'timers', 'figures']) expect(compose.networks[inner]?.internal, inner).toBe(true);
  });

  test.each(['orchestrator', 'attestor'])('every variable that it gives an %s is one that it reads', (app) => {
    const known = readFileSync(`apps/${app}/src/config.ts`, 'utf8').match(/\bHCC_[A-Z_]+\b/g);
    const given = Object.keys(compose.services[`${app}-1`]?.environment ?? {});
    expect(given.length).toBeGreaterThan(5);
    expect(given.filter((variable) => known?.includes(variable) !== true)).toEqual([]);
  });

  test('only the orchestrators have the vault, and only the attestors the keys that verdicts are signed with', () => {
    const having = (secret: string) =>
      services.filter(([, { secrets }]) => secrets.includes(secret)).map(([name]) => name);
    expect(having('vault.key')).toEqual(['orchestrator-1', 'orchestrator-2']);
    expect(having('result.key')).toEqual(['attestor-1', 'attestor-2']);
    expect(having('network.key')).toEqual(['orchestrator-1', 'orchestrator-2']);
  });

  test.each(['orchestrator', 'attestor'])('Prometheus asks every %s, on the port that they give figures on', (app) => {
    const { scrape_configs } = parse(readFileSync('infra/prometheus/prometheus.yml', 'utf8'));
    const asked = scrape_configs.find(({ job_name: job }: { job_name: string }) => job === app);
    const ours = services.filter(([name]) => name.startsWith(`${app}-`));
    expect(asked.static_configs[0].targets).toEqual(
      ours.map(([name, { environment }]) => `${name}:${environment.HCC_METRICS_PORT}`),
    );
    for (const [, { networks }] of ours) expect(networks).toContain('figures');
  });
});

/** Made by `npm run infra:secrets`: its own spec holds the list. */
const isKnown = (path: string): boolean => path.startsWith('./secrets/') || existsSync(`infra/${path.slice(2)}`);

describe('dashboards and alerts', () => {
  const catalogue = new Map<string, MetricDefinition>(Object.entries(metricCatalogue));
  const definitionOf = (metric: string): MetricDefinition | undefined => {
    const base = catalogue.get(metric.replace(/_(bucket|count|sum)$/, ''));
    return catalogue.get(metric) ?? (base?.type === 'histogram' ? base : undefined);
  };
  const always = ['instance', 'job', 'le'];

  test('every metric that they name is one of ours, with labels that it has', () => {
    expect(expressions().length).toBeGreaterThan(40);
    for (const { where, text } of expressions()) {
      const selectors = selectorsIn(text);
      expect(selectors.length, where).toBeGreaterThan(0);
      for (const { metric, labels } of selectors.filter((each) => each.metric.startsWith('hcc_'))) {
        expect(definitionOf(metric), `${where}: ${metric}`).toBeDefined();
        expect([...always, ...(definitionOf(metric)?.labels ?? [])], where).toEqual(
          expect.arrayContaining([...labels]),
        );
      }
      const all = selectors.flatMap(({ metric }) => definitionOf(metric)?.labels ?? []);
      expect([...always, ...all], where).toEqual(expect.arrayContaining([...groupedBy(text)]));
    }
  });

  test('every metric of ours is on a dashboard or in an alert, but for two that explain the others', () => {
    const used = new Set(
      expressions().flatMap(({ text }) => selectorsIn(text).map(({ metric }) => definitionOf(metric))),
    );
    const unused = [...catalogue].filter(([, definition]) => !used.has(definition)).map(([name]) => name);
    expect(unused).toEqual(['hcc_build_info', 'hcc_metrics_failures_total']);
  });

  test('every alert says what to do, and every panel has a sentence, a legend and our source of figures', () => {
    const source = parse(readFileSync('infra/grafana/provisioning/datasources/prometheus.yml', 'utf8')).datasources[0];
    for (const alert of readAlerts()) {
      expect(alert, alert.alert).toMatchObject({
        labels: { severity: expect.stringMatching(/^(page|warn)$/) },
        annotations: { summary: expect.any(String), fix: expect.any(String) },
      });
    }
    const boards = readDashboards();
    expect(new Set(boards.map(({ uid }) => uid)).size).toBe(boards.length);
    for (const { panels } of boards) {
      for (const { title, description, datasource, targets } of panels) {
        expect({ title, description, uid: datasource.uid }).toMatchObject({
          title: expect.any(String),
          description: expect.stringMatching(/.../),
          uid: source.uid,
        });
        for (const { legendFormat } of targets) expect(legendFormat, title).not.toBe('');
      }
    }
  });
});
