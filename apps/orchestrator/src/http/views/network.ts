/** Which network this is, and whether what it attests is real. Every screen of a simulated one says so. */
export type Network = { readonly name: string; readonly kind: 'simulated' };
