/** What a template is made for. */
export interface GtmTemplateFor {
  /** Public address of the edge door. */
  edgeUrl: string
  /** Name of the source, for people. */
  source: string
  gdprDefault: 0 | 1
  /** GVL id of the source's owner. */
  vendor: number | undefined
}

/**
 * A custom template for Google Tag Manager that loads our tag and tells it what happens (template editor's export
 * format). It injects the tag rather than sending pixels: consent, ids and retries are the tag's, and the one
 * permission for that names the tag's own address and no other.
 */
export function gtmTemplate(what: GtmTemplateFor): string {
  const sections = {
    TERMS_OF_SERVICE: TERMS,
    INFO: json(info(what)),
    TEMPLATE_PARAMETERS: json(parameters(what)),
    SANDBOXED_JS_FOR_WEB_TEMPLATE: code(what),
    WEB_PERMISSIONS: json(permissions(what)),
    TESTS: tests(what),
    NOTES: `Exported for the source “${what.source}”.`,
  }
  const texts = Object.entries(sections).map(([name, text]) => `___${name}___\n\n${text}\n`)
  return texts.join('\n\n')
}

/** Google's own wording, which its editor asks every template for. */
const TERMS = `By creating or modifying this file you agree to Google Tag Manager's Community
Template Gallery Developer Terms of Service available at
https://developers.google.com/tag-manager/gallery-tos (or such other URL as
Google may provide), as modified from time to time.`

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

function info({ source }: GtmTemplateFor) {
  return {
    type: 'TAG',
    id: 'cvt_temp_public_id',
    version: 1,
    securityGroups: [],
    displayName: `Passerelle: ${source}`,
    brand: { id: 'brand_dummy', displayName: '' },
    description: 'Tells the collector what happens on the page, once the visitor allows it.',
    containerContexts: ['WEB'],
  }
}

const ACTIONS = {
  page: 'A page is viewed',
  track: 'Something happens',
  identify: 'The visitor is a customer',
}
const CONSENT = {
  1: 'Nothing happens unless a consent tool allows it, or says that the GDPR does not apply',
  0: 'A visitor of whom no consent tool says anything is not under the GDPR',
}

function parameters({ edgeUrl, gdprDefault }: GtmTemplateFor) {
  const only = (action: string) => ({
    enablingConditions: [{ paramName: 'action', paramValue: action, type: 'EQUALS' }],
  })
  return [
    { ...text('writeKey', 'Write key of the source'), valueValidators: [{ type: 'NON_EMPTY' }] },
    {
      ...text('collector', 'Address of the collector'),
      defaultValue: edgeUrl,
      help: 'Another address needs a template exported there: this one may load nothing from elsewhere.',
      valueValidators: [{ type: 'NON_EMPTY' }, { type: 'REGEX', args: ['^https?://[^/?#]+$'] }],
    },
    { ...select('gdpr', 'Consent', CONSENT), defaultValue: String(gdprDefault) },
    { ...select('action', 'What to tell', ACTIONS), defaultValue: 'page' },
    { ...text('event', 'Event'), ...only('track'), valueValidators: [{ type: 'NON_EMPTY' }] },
    { ...text('userId', 'Customer’s id'), ...only('identify') },
    {
      type: 'SIMPLE_TABLE',
      name: 'properties',
      displayName: 'Properties',
      simpleTableColumns: [
        { defaultValue: '', displayName: 'Name', name: 'name', type: 'TEXT', isUnique: true },
        { defaultValue: '', displayName: 'Value', name: 'value', type: 'TEXT' },
      ],
    },
  ]
}

function text(name: string, displayName: string) {
  return { type: 'TEXT', name, displayName, simpleValueType: true }
}

function select(name: string, displayName: string, choices: Record<string, string>) {
  const selectItems = Object.entries(choices).map(([value, displayValue]) => ({
    value,
    displayValue,
  }))
  return {
    type: 'SELECT',
    name,
    displayName,
    macrosInSelect: false,
    simpleValueType: true,
    selectItems,
  }
}

function code({ vendor }: GtmTemplateFor): string {
  const asksVendor = vendor === undefined ? '' : ` + '&vendor=${vendor}'`
  return `const createArgumentsQueue = require('createArgumentsQueue');
const encodeUriComponent = require('encodeUriComponent');
const injectScript = require('injectScript');
const makeTableMap = require('makeTableMap');

const passerelle = createArgumentsQueue('passerelle', 'passerelleQueue');
const properties = makeTableMap(data.properties || [], 'name', 'value') || {};
if (data.action === 'track') passerelle('track', data.event, properties);
else if (data.action === 'identify') passerelle('identify', data.userId, properties);
else passerelle('page', properties);

const key = '?key=' + encodeUriComponent(data.writeKey);
const url = data.collector + '/tag.js' + key + '&page=0&gdpr=' + data.gdpr${asksVendor};
injectScript(url, data.gtmOnSuccess, data.gtmOnFailure, url);`
}

const TEXT = 1
const LIST = 2
const MAP = 3
const BOOLEAN = 8

function permissions({ edgeUrl }: GtmTemplateFor) {
  const list = (listItem: unknown[]) => ({ type: LIST, listItem })
  const string = (value: string) => ({ type: TEXT, string: value })
  const global = (key: string) => ({
    type: MAP,
    mapKey: ['key', 'read', 'write', 'execute'].map(string),
    mapValue: [string(key), ...[true, true, true].map((boolean) => ({ type: BOOLEAN, boolean }))],
  })
  return [
    permission('inject_script', 'urls', list([string(`${edgeUrl}/tag.js*`)])),
    permission('access_globals', 'keys', list(['passerelle', 'passerelleQueue'].map(global))),
  ]
}

function permission(publicId: string, key: string, value: unknown) {
  return {
    instance: { key: { publicId, versionId: '1' }, param: [{ key, value }] },
    clientAnnotations: { isEditedByUser: true },
    isRequired: true,
  }
}

function tests({ edgeUrl }: GtmTemplateFor): string {
  return `scenarios:
- name: The tag is loaded from the collector
  code: |-
    mock('injectScript', (url, success) => {
      assertThat(url).contains('${edgeUrl}/tag.js?key=wk_1&page=0&gdpr=1');
      success();
    });
    runCode({ writeKey: 'wk_1', collector: '${edgeUrl}', gdpr: '1', action: 'page' });
    assertApi('injectScript').wasCalled();
    assertApi('gtmOnSuccess').wasCalled();
setup: ''`
}
