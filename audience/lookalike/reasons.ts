/** Why no model was made, or nobody was taken by it. */
export const LookalikeRefusals = {
  seed_too_small: 'The seed has too few people: a model of it would tell of single people.',
  too_few_others: 'There are too few other people to tell the seed from.',
  no_features: 'Nothing tells the people of the seed from the others.',
  auc_too_low: 'The hold-out AUC is below the least that is asked for.',
  licence_ended: 'Something it is made of may no longer be used.',
} as const
export type LookalikeRefusal = keyof typeof LookalikeRefusals

/** What whoever uses a model should know. */
export const LookalikeWarnings = {
  weak: 'The hold-out AUC is below 0.7: it tells little.',
  unsure: 'The interval of the AUC reaches 0.5: it may be by chance.',
  suspect:
    'The AUC is above 0.98: something may say who is in the seed rather than who is like it.',
  fewer: 'Fewer people than asked for are more like the seed than not.',
} as const
export type LookalikeWarning = keyof typeof LookalikeWarnings

/** Why something is no feature. */
export const FeatureLeftOut = {
  sensitive: 'It is sensitive, stands for a node that is not for sale, or is made of such.',
  defines_seed: 'The seed is made of it.',
  made_of_seed: 'It is made of the seed.',
  modeled: 'It is a model itself.',
  no_modeling: 'It is another owner’s, and no live contract has the use modeling for it.',
  few_people: 'Too few people show it.',
  too_many: 'More features than are looked at: fewer people show it.',
  says_nothing: 'It is as usual in the seed as elsewhere, or tells less than others.',
} as const
export type FeatureLeftOut = keyof typeof FeatureLeftOut
