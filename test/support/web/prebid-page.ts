import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const prebid = join(dirname(fileURLToPath(import.meta.url)), '../../../node_modules/prebid.js')
/** Where modules stand in the package, beside what they import. */
const MODULES = join(prebid, 'dist/src/modules')
const FILE = 'passerelleRtdProvider.js'

/**
 * Prebid.js as a publisher builds it of its npm package, unmodified, with our module in its place among the others
 * (docs/endpoints/prebid.md): the text of one script for pages.
 */
export async function buildPrebid(module: string): Promise<string> {
  const beside: Plugin = {
    name: 'our-module',
    setup(builder) {
      builder.onResolve({ filter: new RegExp(`/${FILE}$`) }, () => ({
        path: FILE,
        namespace: 'ours',
      }))
      builder.onLoad({ filter: /.*/, namespace: 'ours' }, () => ({
        contents: module,
        resolveDir: MODULES,
      }))
    },
  }
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: join(prebid, '../..') },
    ...{
      bundle: true,
      minify: true,
      write: false,
      format: 'iife',
      target: 'chrome100',
      logLevel: 'warning',
    },
    plugins: [beside],
  })
  return outputFiles[0]!.text
}

const ENTRY = `
import pbjs from 'prebid.js'
import 'prebid.js/modules/rtdModule'
import 'prebid.js/modules/consentManagementTcf'
import 'prebid.js/modules/consentManagementUsp'
import 'prebid.js/modules/consentManagementGpp'
import 'prebid.js/modules/userId'
import 'prebid.js/modules/sharedIdSystem'
import 'prebid.js/modules/allowActivities'
import 'prebid.js/modules/scope3RtdProvider'
import 'prebid.js/modules/openxBidAdapter'
import './node_modules/prebid.js/dist/src/modules/${FILE}'
pbjs.processQueue()
`

/** What the page itself has to say of the DSA. */
export const PAGE_ENTRY = { domain: 'news.example', dsaparams: [2] }

export interface PageOptions {
  /** Of our module. */
  params: object
  /** TCF data as a consent tool gives it; absent: there is no tool. */
  tcData?: object
  usp?: string
  /** GPP as a consent tool answers `ping`. */
  gpp?: object
  /** What the page itself says, without any tool. */
  ortb2?: { device?: object; regs?: { ext?: object; [name: string]: unknown }; user?: object }
  hasSharedId?: boolean
  /** Asks by Prebid.js' own module for scope3, in place of ours, at this address. */
  scope3?: string
  /** What the page calls the first of its bidders. */
  code?: string
  /** The page lets no module add first-party data of users. */
  isClosed?: boolean
}

/** An article with two bidders, \`ours\` and \`rival\`; \`auction()\` holds one. */
export function pageHtml({
  params,
  tcData,
  usp,
  gpp,
  ortb2 = {},
  scope3,
  code = 'ours',
  hasSharedId = false,
  isClosed,
}: PageOptions): string {
  const consentManagement = {
    ...(tcData && { gdpr: { cmpApi: 'static', consentData: { getTCData: tcData } } }),
    ...(usp && { usp: { cmpApi: 'static', consentData: { getUSPData: { uspString: usp } } } }),
    ...(gpp && { gpp: { cmpApi: 'static', consentData: gpp } }),
  }
  const dsa = { dsa: { dsarequired: 1, transparency: [PAGE_ENTRY] } }
  const config = {
    ...(Object.keys(consentManagement).length > 0 && { consentManagement }),
    enableTIDs: true,
    ortb2: { ...ortb2, regs: { ...ortb2.regs, ext: { ...dsa, ...ortb2.regs?.ext } } },
    ...(isClosed && { allowActivities: { enrichUfpd: { default: false } } }),
    // Nothing but the module's own patience lets an auction go on.
    realTimeData: {
      auctionDelay: 120_000,
      dataProviders: [
        { name: 'passerelle', waitForIt: true, params },
        ...(scope3 ? [{ name: 'scope3', waitForIt: true, params: scope3Params(scope3) }] : []),
      ].slice(-1),
    },
    userSync: {
      syncEnabled: false,
      userIds: hasSharedId
        ? [{ name: 'sharedId', storage: { type: 'cookie', name: '_sharedid', expires: 365 } }]
        : [],
    },
  }
  const bid = (unit: string, bidder = unit) => ({
    bidder,
    params: { unit, delDomain: 'd.openx.net' },
  })
  const adUnit = {
    code: 'top',
    mediaTypes: { banner: { sizes: [[300, 250]] } },
    bids: [
      { ...bid('ours', code), ortb2Imp: { pmp: { deals: [{ id: 'page-own' }] } } },
      bid('rival'),
    ],
  }
  return `<!doctype html><title>News</title><script>
    window.pbjs = window.pbjs || { que: [] }
    window.auction = () => new Promise((done) => pbjs.que.push(() =>
      pbjs.requestBids({ timeout: 60000, bidsBackHandler: () => done('over') })))
    pbjs.que.push(() => {
      for (const alias of ['${code}', 'rival']) pbjs.aliasBidder('openx', alias)
      pbjs.setConfig(${JSON.stringify(config)})
      pbjs.addAdUnits([${JSON.stringify(adUnit)}])
    })
  </script><script src="/prebid.js"></script>`
}

/** Its own patience is that of a page; here nothing but an answer lets an auction go on. */
const scope3Params = (endpoint: string) => ({ orgId: 'news', endpoint, timeout: 100_000 })
