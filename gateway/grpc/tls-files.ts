import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Where a certificate and its key lie, in PEM. */
export interface TlsFiles {
  certPath: string
  keyPath: string
}

/** Read when it is asked for: a certificate is renewed by a start. */
export function readTls({ certPath, keyPath }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certPath), key: readFileSync(keyPath) }
}

/** Why no TLS can be had with them: of which setting, what is wrong, and what is expected. Undefined where it can. */
export function tlsFault(
  files: TlsFiles,
): [setting: string, is: string, expected: string] | undefined {
  const { cert, key } = readTls(files)
  const certificate = made(() => new X509Certificate(cert))
  if (certificate === undefined)
    return ['TLS_CERT', 'holds no certificate', 'certificates in PEM, the own one first']
  const privateKey = made(() => createPrivateKey(key))
  if (privateKey === undefined)
    return ['TLS_KEY', 'holds no readable private key', 'one in PEM, without a passphrase']
  if (certificate.checkPrivateKey(privateKey)) return undefined
  return ['TLS_KEY', 'is the key of another certificate', 'that of PASSERELLE_TLS_CERT']
}

function made<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
