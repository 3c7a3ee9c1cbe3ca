/**
 * AdCOM list "Category Taxonomies": what a `segtax` below 500 stands for. From 500 on vendors have their
 * own, which an importer names.
 */
export const CATEGORY_TAXONOMIES: ReadonlyMap<number, string> = new Map([
  [1, 'IAB Content Taxonomy 1.0'],
  [2, 'IAB Content Taxonomy 2.0'],
  [3, 'IAB Ad Product Taxonomy 1.0'],
  [4, 'IAB Audience Taxonomy 1.1'],
  [5, 'IAB Content Taxonomy 2.1'],
  [6, 'IAB Content Taxonomy 2.2'],
  [7, 'IAB Content Taxonomy 3.0'],
  [8, 'IAB Ad Product Taxonomy 2.0'],
  [9, 'IAB Content Taxonomy 3.1'],
])

/** The one whose ids a data label names (IAB Tech Lab, Data Transparency Standard). */
export const AUDIENCE_SEGTAX = 4
