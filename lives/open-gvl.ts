import { type Gvl, loadGvl } from '../audience/consent/gvl.ts'
import type { Config } from '../config.ts'

/** The Global Vendor List of PASSERELLE_GVL, or none. */
export async function openGvl({ gvlPath }: Config): Promise<Gvl | undefined> {
  return gvlPath === undefined ? undefined : loadGvl(gvlPath)
}
