/** The part of the WebAssembly interface used here; TypeScript has it in its browser library only. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

export interface Instance<Core> {
  exports: Core
  memory: ArrayBuffer
  /** Value of an exported constant: an address, or a size. */
  address(name: string): number
}

/** One instance of a module of `proto/wasm/` (kept as base64 in `proto/generated/`): its memory never grows. */
export function instantiate<Core>(
  base64: string,
  env: Record<string, (...numbers: number[]) => number> = {},
): Instance<Core> {
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'))
  const { exports } = new WebAssembly.Instance(module, { env })
  const named = exports as Record<string, { value: number }> & { memory: { buffer: ArrayBuffer } }
  return {
    exports: exports as Core,
    memory: named.memory.buffer,
    address: (name) => named[name]!.value,
  }
}
