import { createContext, runInContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld } from './world.ts'

// Google's editor is nowhere but at Google: here the sections are read as it reads them, and the code is run with its API.

let world: ConsoleWorld
let template: string
let sections: Map<string, string>
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await world.partner('dmp', { roles: ['data_provider'], gvlId: 21 })
  const namespaces = { anonymousId: 'shop.anon' }
  const body = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces, gdprDefault: 1 }
  await world.must('PUT', '/api/sources/shop', { body })
  template = await world.must('GET', '/api/sources/shop/gtm-template?format=tpl')
  sections = sectionsOf(template)
})
afterAll(() => world.close())

function sectionsOf(text: string): Map<string, string> {
  const [, ...parts] = text.split(/^___([A-Z_]+)___$/m)
  const names = parts.filter((_, i) => i % 2 === 0)
  return new Map(names.map((name, i) => [name, parts[2 * i + 1]!.trim()]))
}

const read = (name: string): Body => JSON.parse(sections.get(name)!)

/** Runs the code with the API of the sandbox; what it asked for, and what it did. */
function run(data: object) {
  const asked: string[] = []
  const did: Body[] = []
  const api: Record<string, unknown> = {
    createArgumentsQueue: (...names: string[]) => {
      asked.push(...names)
      return (...command: unknown[]) => did.push(command)
    },
    encodeUriComponent: encodeURIComponent,
    injectScript: (url: string, success: () => void) => {
      did.push(url)
      success()
    },
    makeTableMap: (rows: Body[], key: string, value: string) =>
      rows.length > 0 ? Object.fromEntries(rows.map((row) => [row[key], row[value]])) : null,
  }
  let succeeded = 0
  const given = { ...data, gtmOnSuccess: () => succeeded++, gtmOnFailure: () => {} }
  const context = createContext({ require: (name: string) => api[name], data: given })
  runInContext(sections.get('SANDBOXED_JS_FOR_WEB_TEMPLATE')!, context)
  expect(succeeded).toBe(1)
  return { asked, did: JSON.parse(JSON.stringify(did)) }
}

describe('the template for Google Tag Manager', () => {
  test('has the sections of the format, in its order, and each parses', () => {
    expect([...sections.keys()]).toEqual([
      ...['TERMS_OF_SERVICE', 'INFO', 'TEMPLATE_PARAMETERS', 'SANDBOXED_JS_FOR_WEB_TEMPLATE'],
      ...['WEB_PERMISSIONS', 'TESTS', 'NOTES'],
    ])
    expect(template.startsWith('___TERMS_OF_SERVICE___\n\n')).toBe(true)
    expect(read('INFO')).toMatchObject({ type: 'TAG', version: 1, containerContexts: ['WEB'] })
    const names = read('TEMPLATE_PARAMETERS').map(({ name }: Body) => name)
    expect(names).toEqual(
      expect.arrayContaining(['writeKey', 'collector', 'gdpr', 'action', 'event']),
    )
    const byName = Object.fromEntries(
      read('TEMPLATE_PARAMETERS').map((one: Body) => [one.name, one]),
    )
    expect(byName.collector.defaultValue).toBe('https://edge.example')
    expect(byName.gdpr.defaultValue).toBe('1')
    const code = sections.get('SANDBOXED_JS_FOR_WEB_TEMPLATE')!
    const fields = [...code.matchAll(/\bdata\.(\w+)/g)].map(([, name]) => name!)
    const known = [...names, 'gtmOnSuccess', 'gtmOnFailure']
    expect(fields.filter((name) => !known.includes(name))).toEqual([])
    expect(sections.get('TESTS')).toMatch(/^scenarios:\n- name: .+\n {2}code: \|-\n {4}/)
  })

  test('loads the tag from where it may, and tells it what it was set up for', () => {
    const data = { writeKey: 'wk_1', collector: 'https://edge.example', gdpr: '1' }
    const properties = [{ name: 'category', value: 'auto' }]
    const track = run({ ...data, action: 'track', event: 'Products Searched', properties })
    const url = 'https://edge.example/tag.js?key=wk_1&page=0&gdpr=1&vendor=21'
    expect(track.did).toEqual([['track', 'Products Searched', { category: 'auto' }], url])
    expect(run({ ...data, action: 'page', properties: [] }).did).toEqual([['page', {}], url])
    expect(run({ ...data, action: 'identify', userId: 'u1', properties: [] }).did).toEqual([
      ['identify', 'u1', {}],
      url,
    ])
    const permissions = Object.fromEntries(
      read('WEB_PERMISSIONS').map(({ instance }: Body) => [
        instance.key.publicId,
        instance.param[0].value.listItem,
      ]),
    )
    expect(Object.keys(permissions)).toEqual(['inject_script', 'access_globals'])
    const [{ string: pattern }] = permissions.inject_script
    expect(permissions.inject_script).toHaveLength(1)
    expect(url.startsWith(pattern.replace('*', ''))).toBe(true)
    const globals = permissions.access_globals.map(({ mapValue }: Body) => mapValue[0].string)
    expect(globals).toEqual(track.asked)
  })

  test('is given to whoever the source is shown to, over the command line too', async () => {
    const asJson = await world.must('GET', '/api/sources/shop/gtm-template')
    expect(asJson).toEqual({ file: 'passerelle-shop.tpl', template })
    expect((await new Cli(world).run('source gtm-template shop')).out).toBe(template)
    await world.partner('other', { roles: ['data_provider'] })
    const token = await world.key('other')
    expect((await world.ask('GET', '/api/sources/shop/gtm-template', { token })).status).toBe(404)
  })
})
