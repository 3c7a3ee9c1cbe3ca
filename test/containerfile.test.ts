import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { OUR_INTENTS } from '../gateway/artf/intents.ts'
import { healthRoutes } from '../gateway/http/health-routes.ts'

// No container engine is at hand: the image's description is read, and held to what the framework and the code ask of it.

const text = readFileSync(new URL('../Containerfile', import.meta.url), 'utf8')
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { config } = readConfig({})

/** Instructions with their arguments, continued lines put together. */
const instructions = text
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({ name: line.split(' ', 1)[0]!, rest: line.slice(line.indexOf(' ') + 1) }))
const all = (name: string) =>
  instructions.filter((one) => one.name === name).map(({ rest }) => rest)

const labels = Object.fromEntries(
  [
    ...all('LABEL')
      .join(' ')
      .matchAll(/([\w.-]+)=(?:'([^']*)'|"([^"]*)")/g),
  ].map(([, name, single, double]) => [name!, single ?? double!]),
)
const manifest = JSON.parse(labels['agent-manifest']!)

test('only instructions of the Containerfile format stand in it, and each stage is of a named version', () => {
  const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'LABEL', 'ENV', 'VOLUME', 'USER', 'EXPOSE']
  const names = new Set(instructions.map(({ name }) => name))
  expect([...names].filter((name) => !known.includes(name))).toEqual([
    'STOPSIGNAL',
    'HEALTHCHECK',
    'ENTRYPOINT',
  ])
  for (const from of all('FROM')) expect(from).toMatch(/^[\w./-]+:\d+\.\d+\.\d+-[\w-]+( AS \w+)?$/)
})

test('it runs as nobody in particular, by number, with a folder of its own to write to', () => {
  expect(all('USER')).toEqual(['1000:1000'])
  const last = instructions.findLastIndex(({ name }) => ['RUN', 'COPY'].includes(name))
  expect(instructions.findIndex(({ name }) => name === 'USER')).toBeGreaterThan(last)
  expect(all('VOLUME')).toEqual(['/data'])
  expect(all('ENV').join(' ')).toContain('PASSERELLE_DATA=/data')
  expect(text).not.toMatch(/SECRET|TOKEN|PASSWORD/)
})

test('its doors are open to a network, and no key that everybody knows opens them', () => {
  const env = Object.fromEntries(
    all('ENV')
      .join(' ')
      .split(' ')
      .map((one) => one.split('=', 2) as [string, string]),
  )
  const opened = readConfig(env).config
  expect([opened.host, opened.demo]).toEqual(['0.0.0.0', 'off'])
})

test('the manifest is in all three labels, complete, and says what the code does', () => {
  expect(Buffer.from(labels['com.iabtechlab.artf.descriptor']!, 'base64').toString()).toBe(
    labels['agent-manifest'],
  )
  expect(labels['com.iabtechlab.artf.container-version']).toBe(version)
  expect(manifest).toMatchObject({
    name: 'passerelle',
    version,
    intents: OUR_INTENTS,
    image: { repository: expect.any(String), tag: version },
    resources: { cpu: expect.any(String), memory: expect.any(String) },
    security: { runAsNonRoot: true, dropCapabilities: ['ALL'] },
  })
  for (const name of ['vendor', 'owner', 'description', 'dependencies', 'maintainers'])
    expect(manifest).toHaveProperty(name)
})

test('its ports and its health are those of the code', () => {
  const { gatewayPort, consolePort, edgePort, grpcPort } = config
  expect(all('EXPOSE')[0]!.split(' ').map(Number)).toEqual([
    gatewayPort,
    consolePort,
    edgePort,
    grpcPort,
  ])
  const paths = healthRoutes({ state: {} as never }).map(({ path }) => path)
  const { livenessProbe, readinessProbe } = manifest.health
  for (const { httpGet } of [livenessProbe, readinessProbe]) {
    expect(paths).toContain(httpGet.path)
    expect(httpGet.port).toBe(gatewayPort)
  }
  expect(all('HEALTHCHECK')[0]).toContain(`127.0.0.1:${gatewayPort}/health/live`)
})
