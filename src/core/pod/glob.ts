/**
 * Whether `text` matches a pattern in which `*` stands for any run of characters, also none. Two pointers and one
 * backtrack point: at worst length times length, never exponential, whatever an operator or a tenant writes.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Whether everything that `inner` matches, `outer` matches too. A star has no other way to be matched than by a star. */
export function coversGlob(outer: string, inner: string): boolean {
  return matchesGlob(outer, inner);
}

/** Whether there is a text that both patterns match. At worst length times length. */
export function globsOverlap(a: string, b: string): boolean {
  // Whether what is left of `a` from i, and of `b` from j, can be one text; from the ends to the beginnings.
  let after: boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = b.length; j >= 0; j--) {
      const [left, right] = [a[i], b[j]];
      if (left === undefined && right === undefined) row[j] = true;
      else if (left === '*') row[j] = after[j] === true || (right !== undefined && row[j + 1] === true);
      else if (right === '*') row[j] = row[j + 1] === true || (left !== undefined && after[j] === true);
      else row[j] = left === right && after[j + 1] === true;
    }
    after = row;
  }
  return after[0] === true;
}
