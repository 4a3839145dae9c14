/** CPUID family, model and stepping of the vCPU models that QEMU gives to an SEV-SNP guest. */
const models = {
  EPYC: [23, 1, 2],
  'EPYC-v1': [23, 1, 2],
  'EPYC-v2': [23, 1, 2],
  'EPYC-IBPB': [23, 1, 2],
  'EPYC-v3': [23, 1, 2],
  'EPYC-v4': [23, 1, 2],
  'EPYC-Rome': [23, 49, 0],
  'EPYC-Rome-v1': [23, 49, 0],
  'EPYC-Rome-v2': [23, 49, 0],
  'EPYC-Rome-v3': [23, 49, 0],
  'EPYC-Milan': [25, 1, 1],
  'EPYC-Milan-v1': [25, 1, 1],
  'EPYC-Milan-v2': [25, 1, 1],
  'EPYC-Genoa': [25, 17, 0],
  'EPYC-Genoa-v1': [25, 17, 0],
  'EPYC-Turin': [26, 0, 0],
  'EPYC-Turin-v1': [26, 0, 0],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;

export type VcpuType = keyof typeof models;

/** The vCPU models whose signature is known, by the name QEMU's `-cpu` takes. */
export const vcpuTypes: readonly VcpuType[] = Object.keys(models).filter(isVcpuType);

/** Whether that name is one of {@link vcpuTypes}. */
export function isVcpuType(name: string): name is VcpuType {
  return Object.hasOwn(models, name);
}

/** What a vCPU of that model has in EDX at reset: CPUID leaf 1, EAX. */
export const vcpuSignature = (type: VcpuType): number => {
  const [family, model, stepping] = models[type];
  return packSignature(family, model, stepping);
};

/** Family, model and stepping as CPUID leaf 1 EAX has them: what is beyond a low field goes into its extended one. */
export const packSignature = (family: number, model: number, stepping: number): number => {
  const [low, extended] = family > 0xf ? [0xf, family - 0xf] : [family, 0];
  return ((extended << 20) | ((model >> 4) << 16) | (low << 8) | ((model & 0xf) << 4) | stepping) >>> 0;
};
