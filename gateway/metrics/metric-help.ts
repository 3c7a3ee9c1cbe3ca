/** What each metric says, for whoever reads `/metrics`: there are no others. */
export const METRIC_HELP = {
  passerelle_bid_requests_total: 'Bid requests answered, by outcome.',
  passerelle_bid_refused_total: 'Bid requests refused, by reason (API: x-passerelle-reason).',
  passerelle_bid_unenriched_total: 'Bid requests answered without additions, by reason.',
  passerelle_bid_seconds: 'From the arrival of the head to the answer.',
  passerelle_bid_step_seconds: 'Time of one step of a bid request (one request in 64 is timed).',
  passerelle_bid_segments_total: 'Segments written into bid requests.',
  passerelle_bid_segments_capped_total:
    'Segments left out of bid requests because their contract has reached a cap.',
  passerelle_bid_deals_total: 'Imps that were given a deal.',
  passerelle_near_cache_total: 'Looks into the near-cache of people, by result.',
  passerelle_near_cache_people: 'Ids kept in the near-cache, known or not.',
  passerelle_near_cache_evictions_total: 'People forgotten to make room for others.',
  passerelle_near_cache_unkept_total:
    'People not kept: their records are too big, or there is no room for big ones.',
  passerelle_people_reads_total:
    'Ids of people read from the store, those that shared a read under way, and reads that failed.',
  passerelle_change_log_total:
    'Changes of people that were heard of, gaps after which all was forgotten, and reads that failed.',
  passerelle_reach_ready: '1 while reach is told; 0 while people are being counted.',
  passerelle_reach_ids: 'Ids that reach counts, or has read so far.',
  passerelle_store_findings: 'What the store says an operator should know: 1 while it holds.',
  passerelle_ledger_records_total: 'Usage records given to the ledger of the process, by result.',
  passerelle_ledger_behind:
    '1 while the ledger has not been writable for 5 s: contracted segments are not served.',
  passerelle_ledger_shipped_total:
    'Usage records the desk counted (applied), and rounds in which the store took none (failed).',
  passerelle_ledger_lag_seconds: 'Age of the oldest usage record that is not counted yet.',
  passerelle_ledger_damaged_streams: 'Streams of the ledger that are damaged, or gone.',
  passerelle_sync_answered_total: 'Requests of browsers answered, by endpoint.',
  passerelle_sync_refused_total: 'Requests of browsers refused, by endpoint and reason.',
  passerelle_sync_left_out_total: 'Partners left out of answers of /cookie_sync, by reason.',
  passerelle_sync_offered_total: 'Syncs handed to browsers, by partner.',
  passerelle_sync_matched_total: 'Ids taken from browsers that came back, by partner.',
  passerelle_match_uncounted_total:
    'Events left out of match rates: more partners, browser classes and namespaces than one process counts.',
  passerelle_source_uncounted_total:
    'Messages left out of data quality scores: of more sources than one process counts.',
  passerelle_sync_seconds:
    'From the arrival of a head to the answer, by endpoint of the edge door.',
  passerelle_collect_messages_total:
    'Messages of sources, by what became of them: taken, or rejected as they make no sense.',
  passerelle_collect_denied_total: 'Messages not kept because consent says no, by reason.',
  passerelle_collect_refused_total: 'Requests of sources refused, by reason.',
  passerelle_collect_unplanned_total:
    'Messages that are not as their tracking plan has it, by what became of them.',
  passerelle_collect_names_left_out_total:
    'Names of events and properties that are not listed: more than are kept of one source.',
  passerelle_events_total:
    'Events the desk processed: counted, repeated (counted before), or put aside (quarantined).',
  passerelle_claims_total:
    'Matches that events asked for and that join nobody, by why: parked (people/reasons.ts), or refused.',
  passerelle_events_failed_rounds_total: 'Rounds of the event desk that came to nothing.',
  passerelle_events_looked_again_total:
    'Ids asked again by their rules: due, changed by others, or swept.',
  passerelle_notices_total: 'Notices taken, by kind: written to the ledger, or written already.',
  passerelle_notice_refused_total: 'Notices refused, by reason (API: x-passerelle-reason).',
  passerelle_notice_ignored_total:
    'Notices, or segments in them, that count for nothing, by reason.',
  passerelle_door_refused_total: 'What a door turned away by itself, by reason.',
  passerelle_process_resident_bytes: 'Resident memory of the process.',
  passerelle_process_heap_bytes: 'Used JavaScript heap of the process.',
  passerelle_process_cpu_seconds_total: 'CPU time of the process, user and system.',
  passerelle_gc_pause_seconds: 'Pauses of the garbage collector.',
  passerelle_gc_pause_max_seconds: 'Longest pause of the garbage collector since the last reading.',
  passerelle_event_loop_lag_seconds: 'Latest turn of the event loop since the last reading.',
} as const
export type MetricName = keyof typeof METRIC_HELP
