import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** One expression that asks for figures, and where it stands. */
export type Expression = { readonly where: string; readonly text: string };

const rules = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() }).loose()) })),
});
const dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  panels: z.array(
    z.looseObject({
      title: z.string(),
      datasource: z.looseObject({ uid: z.string() }),
      targets: z.array(z.looseObject({ expr: z.string(), legendFormat: z.string() })),
    }),
  ),
});

export type Dashboard = z.infer<typeof dashboard>;

const dashboardsDir = 'infra/grafana/dashboards';

export const readDashboards = (): readonly Dashboard[] =>
  readdirSync(dashboardsDir).map((name) =>
    dashboard.parse(JSON.parse(readFileSync(join(dashboardsDir, name), 'utf8'))),
  );

export const readAlerts = () =>
  rules.parse(parse(readFileSync('infra/prometheus/alerts.yml', 'utf8'))).groups.flatMap((group) => group.rules);

/** Every expression of dashboards and alerts. */
export const expressions = (): readonly Expression[] => [
  ...readAlerts().map(({ alert, expr }) => ({ where: alert, text: expr })),
  ...readDashboards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) => panel.targets.map(({ expr }) => ({ where: `${title}: ${panel.title}`, text: expr }))),
  ),
];

/** Names of metrics in an expression, with the labels that its selector names. */
export const selectorsIn = (text: string): readonly { readonly metric: string; readonly labels: readonly string[] }[] =>
  [...text.matchAll(/\b((?:hcc|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(([, metric = '', inner = '']) => ({
    metric,
    labels: [...inner.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));

/** Labels that an expression groups by. */
export const groupedBy = (text: string): readonly string[] =>
  [...text.matchAll(/\b(?:by|without|ignoring|on)\s*\(([^)]*)\)/g)].flatMap(([, inner = '']) =>
    inner
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== ''),
  );
