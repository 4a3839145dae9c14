import { metricsPage } from '#edge';

const help = `Usage: node dist/scripts/metrics-page.js > docs/reference/metrics.md

Writes the page of all metrics, made from their catalogue, to stdout.
`;

process.stdout.write(process.argv.includes('--help') ? help : metricsPage());
