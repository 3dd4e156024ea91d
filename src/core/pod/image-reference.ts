/*
 * The grammar of image references as kubelet and containerd read them: `ParseNormalizedNamed` of
 * github.com/distribution/reference, and `Validate` of github.com/opencontainers/go-digest.
 *
 *   reference := name [ ":" tag ] [ "@" digest ]
 *   name      := [ domain "/" ] path
 *
 * It is walked by hand, one character after the other: linear in the length of what anybody may send us. Never
 * `new URL()`: it would make `registry.example.com` of full-width letters and of `REGISTRY.EXAMPLE.COM`.
 */

/** An image as the container runtime asks for it. */
export interface ImageReference {
  /** Host and port of the registry. Empty where upstream finds none though the name begins as one: `a_b.c/app`. */
  readonly domain: string;
  readonly path: string;
  /** Domain and path, the canonical name: `docker.io/library/nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Which part of the grammar a text breaks. `character`: one that no reference has, perhaps a lookalike of another. */
export type ReferenceProblem = 'identifier' | 'character' | 'registry' | 'repository' | 'tag' | 'digest';

const defaultDomain = 'docker.io';
/** What Docker Hub was called once; upstream makes the new name of it. */
const legacyDefaultDomain = 'index.docker.io';
const officialPrefix = 'library/';
/** Upstream's `RepositoryNameTotalLengthMax`: of the path, without the domain. */
const longestPath = 255;
const longestTag = 128;
/** The algorithms that are registered in kubelet, and how many digits their digests have. */
const algorithms = [
  ['sha256:', 64],
  ['sha512:', 128],
  ['sha384:', 96],
] as const;

/** Reads a reference, or says which part of it is none. */
export function parseImageReference(text: string): ImageReference | ReferenceProblem {
  if (text.length === 64 && isHex(text, 0)) return 'identifier';
  const parsed = parseParts(text);
  return typeof parsed === 'string' && hasForeignCharacter(text) ? 'character' : parsed;
}

/** Whether a container runtime takes a text for the id of an image that is on the node already, and asks no registry. */
export function isImageId(text: string): boolean {
  return text.startsWith('sha') && isDigest(text);
}

/** The host that is asked for it; also where upstream finds no domain, the runtime takes what stands first for one. */
export function registryOf({ domain, path }: ImageReference): string {
  return domain === '' ? (path.split('/', 1)[0] ?? '') : domain;
}

function parseParts(text: string): ImageReference | ReferenceProblem {
  const at = text.indexOf('@');
  const named = at < 0 ? text.length : at;
  const slash = text.lastIndexOf('/', named);
  const colon = text.indexOf(':', slash + 1);
  const end = colon < 0 || colon > named ? named : colon;
  const name = parseName(text, end);
  if (typeof name === 'string') return name;
  const tag = end < named ? text.slice(end + 1, named) : undefined;
  if (tag !== undefined && !isTag(tag)) return 'tag';
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) return 'digest';
  const { domain, path } = name;
  return { domain, path, repository: domain === '' ? path : `${domain}/${path}`, tag, digest };
}

interface Name {
  readonly domain: string;
  readonly path: string;
}

/** The name that ends there. Upstream's `splitDockerDomain`, then its grammar. */
function parseName(text: string, end: number): Name | ReferenceProblem {
  const slash = text.indexOf('/');
  const hasDomain = slash >= 0 && slash < end && meansDomain(text, slash);
  if (!hasDomain) {
    if (!isPath(text, 0, end)) return 'repository';
    return nameOf(defaultDomain, text.slice(0, end));
  }
  if (isDomain(text, slash)) {
    if (!isPath(text, slash + 1, end)) return 'repository';
    const domain = text.slice(0, slash);
    return nameOf(domain === legacyDefaultDomain ? defaultDomain : domain, text.slice(slash + 1, end));
  }
  // No domain has an underscore, but a path may: upstream then has a name without any domain.
  return isPath(text, 0, end) ? nameOf('', text.slice(0, end)) : 'registry';
}

function nameOf(domain: string, rest: string): Name | ReferenceProblem {
  const path = domain === defaultDomain && !rest.includes('/') ? officialPrefix + rest : rest;
  return path.length > longestPath ? 'repository' : { domain, path };
}

/** Whether what stands before the first slash is a domain and not the first part of a path on Docker Hub. */
function meansDomain(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === dot || code === colonSign || isUpper(code)) return true;
  }
  return end === 9 && text.startsWith('localhost');
}

const dash = 45;
const dot = 46;
const slashSign = 47;
const colonSign = 58;
const openBracket = 91;
const closeBracket = 93;
const underscore = 95;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

function isLower(code: number): boolean {
  return code >= 97 && code <= 122;
}

/** `domain-component *( "." domain-component ) [ ":" port ]`, or an IPv6 address in brackets instead of the components. */
function isDomain(text: string, end: number): boolean {
  if (text.charCodeAt(0) === openBracket) return isBracketed(text, end);
  // Nothing of a component yet; a letter or digit; a dash, which ends none.
  let last: 'start' | 'letter' | 'dash' = 'start';
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (isLower(code) || isDigit(code) || isUpper(code)) last = 'letter';
    else if (code === dash && last !== 'start') last = 'dash';
    else if (last !== 'letter') return false;
    else if (code === dot) last = 'start';
    else return code === colonSign && isPort(text, i + 1, end);
  }
  return last === 'letter';
}

/** Upstream asks of an address only which characters it has. */
function isBracketed(text: string, end: number): boolean {
  let i = 1;
  while (i < end && (isHexDigit(text.charCodeAt(i)) || text.charCodeAt(i) === colonSign)) i++;
  if (i === 1 || text.charCodeAt(i) !== closeBracket) return false;
  return i + 1 === end || (text.charCodeAt(i + 1) === colonSign && isPort(text, i + 2, end));
}

function isPort(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isDigit(text.charCodeAt(i))) return false;
  return start < end;
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

/** `component *( "/" component )`: lower case and digits; between them one dot, one or two underscores, or dashes. */
function isPath(text: string, start: number, end: number): boolean {
  let previous = slashSign;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    const afterLetter = isLower(previous) || isDigit(previous);
    if (isLower(code) || isDigit(code)) previous = code;
    else if (afterLetter ? !isSeparator(code) : !goesOn(previous, code, text.charCodeAt(i - 2))) return false;
    else previous = code;
  }
  return start < end && (isLower(previous) || isDigit(previous));
}

function isSeparator(code: number): boolean {
  return code === slashSign || code === dot || code === underscore || code === dash;
}

/** Whether a separator may have one more character: any number of dashes, and a second underscore. */
function goesOn(previous: number, code: number, before: number): boolean {
  if (code !== previous) return false;
  return code === dash || (code === underscore && before !== underscore);
}

function isTag(tag: string): boolean {
  for (let i = 0; i < tag.length; i++) {
    const code = tag.charCodeAt(i);
    const word = isLower(code) || isDigit(code) || isUpper(code) || code === underscore;
    if (!word && (i === 0 || (code !== dot && code !== dash))) return false;
  }
  return tag !== '' && tag.length <= longestTag;
}

function isDigest(digest: string): boolean {
  for (const [prefix, digits] of algorithms) {
    if (digest.length === prefix.length + digits && digest.startsWith(prefix)) return isHex(digest, prefix.length);
  }
  return false;
}

/** Lower case only, as upstream has it for all three algorithms. */
function isHex(text: string, start: number): boolean {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code) && !(code >= 97 && code <= 102)) return false;
  }
  return true;
}

const punctuation = new Set([...'-._/:@+[]'].map((character) => character.charCodeAt(0)));

function hasForeignCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isLower(code) && !isDigit(code) && !isUpper(code) && !punctuation.has(code)) return true;
  }
  return false;
}
