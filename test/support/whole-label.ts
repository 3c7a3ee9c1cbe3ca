/** A label whose owner has said all that is not known here. */
export const WHOLE_LABEL = {
  criteria: 'Looked at "cars", twice.',
  precision: ['Browser', 'Device'],
  scope: 'Cross-domain outside O&O',
  nodes: ['243', '806'],
  idTypes: ['cookie'],
  countries: ['FRA'],
  privacyMechanisms: ['GPC'],
  dataSources: ['web_usage'],
  methodology: 'Observed/Known',
  audienceExpansion: false,
  deviceExpansion: false,
  refresh: 'Weekly',
  lookback: 'Monthly',
  techLabCompliant: true,
}

/** What a partner says for the labels of all its segments. */
export const LABEL_CONTACT = {
  contactEmail: 'data@dmp.example',
  privacyPolicyUrl: 'https://dmp.example/privacy',
}
