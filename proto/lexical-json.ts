/** A text of JSON, or a number; in JSON that is known to be sound nothing else begins like them. */
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/**
 * JSON.parse whose numbers are made by `read` from the very text they were written as, under the key they
 * stand under: where money is concerned 2.50 is not 2.5, and nothing passes through a float. Throws
 * what JSON.parse throws.
 */
export function parseLexical(
  text: string,
  read: (lexeme: string, key: string) => unknown,
): unknown {
  JSON.parse(text)
  // Each number gives its place to its position in a list, so that no text can be mistaken for one.
  const lexemes: string[] = []
  const numbered = text.replace(TEXT_OR_NUMBER, (token) =>
    token.startsWith('"') ? token : String(lexemes.push(token) - 1),
  )
  return JSON.parse(numbered, (key, value) =>
    typeof value === 'number' ? read(lexemes[value]!, key) : value,
  )
}

/**
 * A reader of numbers that keeps decimals under these keys as text where a float would be printed
 * otherwise: `2.50` stays `'2.50'`, `2.5` becomes 2.5.
 */
export function asWritten(keys: readonly string[]): (lexeme: string, key: string) => unknown {
  return (lexeme, key) => {
    const number = Number(lexeme)
    const isKept = keys.includes(key) && DECIMAL.test(lexeme) && String(number) !== lexeme
    return isKept ? lexeme : number
  }
}

const DECIMAL = /^-?\d+[.]\d+$/
