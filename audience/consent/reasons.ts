/** Why consent says no: words for headers, metrics and traces, each with its sentence. */
export const ConsentReasons = {
  denied_signals_overflow: 'The request repeats its privacy signals more often than is read.',
  denied_coppa: 'COPPA applies: the request concerns a child.',
  denied_lmt: 'The device limits ad tracking (lmt).',
  denied_dnt: 'The device asks not to be tracked (dnt).',
  denied_gpc: 'Global Privacy Control is set.',
  denied_us_privacy: 'The US Privacy string opts out of sale.',

  denied_gpp_missing: 'A section that gpp_sid names is not in the GPP string.',
  denied_gpp_unreadable: 'A section that gpp_sid names, or the GPP string, cannot be read.',
  denied_gpp_unknown_section: 'A section that gpp_sid names has rules not known here.',
  denied_gpp_us_privacy: 'The US Privacy section of the GPP string opts out of sale.',
  denied_gpp_gpc: 'The GPP section carries Global Privacy Control.',
  denied_gpp_service_provider: 'The publisher acts in MSPA service provider mode.',
  denied_gpp_opt_out: 'The person opted out of sale, sharing or targeted advertising.',
  denied_gpp_notice: 'A notice that US law asks for was not given.',
  denied_gpp_child: 'The GPP section speaks of a known child.',
  denied_gpp_personal_data: 'The GPP section claims a consent that cannot be relied on.',
  denied_gpp_sensitive: 'The GPP section restricts sensitive data.',

  denied_tcf_no_string: 'GDPR applies, and there is no TC string.',
  denied_tcf_unreadable: 'GDPR applies, and the TC string cannot be read.',
  denied_tcf_outdated: 'The TC string was made under a policy no longer valid when it was made.',
  denied_tcf_global_scope: 'The TC string is not service specific.',
  denied_tcf_no_gvl_id: 'GDPR applies, and the partner has no vendor id.',
  denied_tcf_unregistered: 'The vendor list does not register the vendor for this purpose.',
  denied_tcf_not_disclosed: 'The vendor was not disclosed to the person.',
  denied_tcf_restricted: 'The publisher restricts the purpose for this vendor.',
  denied_tcf_legitimate_interest: 'The purpose asks for consent; legitimate interest is no basis.',
  denied_tcf_purpose: 'The person did not allow the purpose.',
  denied_tcf_vendor: 'The person did not allow the vendor.',
} as const

export type ConsentReason = keyof typeof ConsentReasons

/** What consent answers: 0 means allowed. */
export type ConsentAnswer = 0 | ConsentReason
