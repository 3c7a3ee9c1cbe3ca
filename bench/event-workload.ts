/**
 * A shop's events and what is asked of them, seeded: a few kinds of events make most of the traffic, as they do
 * everywhere, and most traits ask for one of those beside something rarer.
 */
const EVENTS = [
  ...['Product Viewed', 'Product List Viewed', 'Products Searched', 'Product Clicked'],
  ...['Product Added', 'Product Removed', 'Cart Viewed', 'Checkout Started', 'Order Completed'],
  ...['Coupon Applied', 'Product Shared', 'Wishlist Product Added', 'Promotion Viewed'],
  ...['Promotion Clicked', 'Payment Info Entered', 'Order Refunded', 'Product Reviewed'],
]
const CATEGORIES = 500
const BRANDS = 800
const PRODUCTS = 20_000
const CITIES = 2_000
const WORDS = 400

/** A trait that every event shows. */
export const EVERY_EVENT = 'type == "track"'

type Random = () => number

/** Text of a trait's rule. */
export function shopRule(random: Random): string {
  const event = `event == "${EVENTS[often(random, EVENTS.length)]}"`
  const category = `properties.category == "category-${below(random, CATEGORIES)}"`
  const brand = `properties.brand == "brand-${below(random, BRANDS)}"`
  const price = 5 + below(random, 500)
  const kind = random()
  if (kind < 0.35) return `${event} AND ${category}`
  if (kind < 0.55) return `${event} AND ${brand} AND properties.price >= ${price}`
  if (kind < 0.65)
    return `${event} AND NOT ${category} AND ${brand} AND properties.price < ${price}`
  if (kind < 0.75) return `properties.products.product_id in [${products(random)}]`
  if (kind < 0.85)
    return `${category} OR (${brand} AND context.page.path contains "${word(random)}")`
  if (kind < 0.9) return `${event} AND context.page.path contains "${word(random)}"`
  if (kind < 0.95) return `${event} AND context.location.city == "city-${below(random, CITIES)}"`
  if (kind < 0.98) return `context.page.referrer startswith "https://${word(random)}.example/"`
  return `${event} AND properties.price >= ${480 + below(random, 100)}`
}

/** A track as analytics.js sends it, about 1 KB. */
export function shopEvent(random: Random, who = `visitor-${below(random, 1_000_000)}`) {
  const products = Array.from({ length: 1 + below(random, 4) }, () => product(random))
  const { category, brand, price } = products[0]!
  const event = EVENTS[often(random, EVENTS.length)]!
  return {
    type: 'track',
    event,
    anonymousId: who,
    messageId: `ajs-next-${Math.floor(random() * 2 ** 48).toString(36)}-${Math.floor(random() * 2 ** 48).toString(36)}`,
    properties: { category, brand, price, currency: 'EUR', quantity: 1, products },
    context: {
      page: {
        path: `/${word(random)}/${category}/${word(random)}`,
        referrer: `https://${word(random)}.example/${word(random)}`,
        search: '',
        title: `${brand} in ${category}`,
        url: `https://shop.example/${category}?utm_source=${word(random)}`,
      },
      location: { city: `city-${below(random, CITIES)}`, country: 'FR' },
      userAgent:
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      locale: 'fr-FR',
      library: { name: 'analytics.js', version: 'npm:next-1.81.0' },
      timezone: 'Europe/Paris',
      campaign: { source: word(random), medium: 'cpc' },
    },
    integrations: {},
  }
}

function product(random: Random) {
  return {
    product_id: `p-${below(random, PRODUCTS)}`,
    category: `category-${below(random, CATEGORIES)}`,
    brand: `brand-${below(random, BRANDS)}`,
    price: 5 + below(random, 500),
  }
}

function products(random: Random): string {
  return Array.from({ length: 10 }, () => `"p-${below(random, PRODUCTS)}"`).join(', ')
}

function word(random: Random): string {
  return `w${below(random, WORDS)}x`
}

function below(random: Random, n: number): number {
  return Math.floor(random() * n)
}

/** The first ones far more often. */
function often(random: Random, n: number): number {
  return Math.floor(random() ** 3 * n)
}
