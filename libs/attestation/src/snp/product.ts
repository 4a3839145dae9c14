import type { SnpProduct } from './claims.ts';
import type { SnpReport } from './report.ts';

/** What a family and model are called. Venice is known by name alone: its TCB layout and its root are not, so that nothing of it verifies. */
export type NamedProduct = SnpProduct | 'venice' | null;

const ranges: readonly (readonly [family: number, from: number, to: number, product: NamedProduct])[] = [
  [0x19, 0x00, 0x0f, 'milan'],
  [0x19, 0x10, 0x1f, 'genoa'],
  // Bergamo and Siena, which AMD certifies as Genoa.
  [0x19, 0xa0, 0xaf, 'genoa'],
  [0x1a, 0x00, 0x11, 'turin'],
  [0x1a, 0x50, 0x57, 'venice'],
  [0x1a, 0x90, 0xaf, 'venice'],
  [0x1a, 0xc0, 0xc7, 'venice'],
];

/** The product of a CPUID family and model (combined values); `null` for one nobody has named. */
export const productOfCpuid = (family: number, model: number): NamedProduct =>
  ranges.find(([of, from, to]) => of === family && model >= from && model <= to)?.[3] ?? null;

/** The first report version that says which processor made it. */
export const cpuidFromVersion = 3;

/** What the report itself says; `undefined` where its version says nothing. */
export const productOfReport = ({ version, cpuid }: SnpReport): NamedProduct | undefined =>
  version < cpuidFromVersion ? undefined : productOfCpuid(cpuid.family, cpuid.model);

const names: ReadonlyMap<string, SnpProduct> = new Map([
  ['Milan', 'milan'],
  ['Genoa', 'genoa'],
  ['Turin', 'turin'],
]);

/** The product of a certificate's productName, which may have a stepping behind a dash: `Milan-B0`. */
export const productOfName = (name: string): SnpProduct | null => {
  const dash = name.indexOf('-');
  return names.get(dash < 0 ? name : name.slice(0, dash)) ?? null;
};

/** How AMD's certificates and key server write it. */
export const amdNames: Readonly<Record<SnpProduct, string>> = { milan: 'Milan', genoa: 'Genoa', turin: 'Turin' };
