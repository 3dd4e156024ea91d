import fc from 'fast-check';

/* YAML as people write it, at random: for tests that change it and look at what became of the rest. */

/** A value and how it is written. */
type Written = WrittenScalar | WrittenCollection;

interface WrittenScalar {
  readonly kind: 'scalar';
  /** One line, or the header and the lines of a block, not indented. */
  readonly lines: readonly string[];
}

interface WrittenCollection {
  readonly kind: 'map' | 'list';
  readonly layout: 'block' | 'line' | 'lines';
  /** Of the dashes of a list, or of the fields of a map. */
  readonly indent: number;
  readonly trailingComma: boolean;
  readonly padded: boolean;
  readonly entries: readonly {
    readonly key: string;
    /** Lines above it. */
    readonly above: readonly string[];
    /** Behind it. */
    readonly behind: string;
    readonly written: Written;
  }[];
}

/** All texts that can be written for a document whose root is a map. */
export interface WrittenDocument {
  readonly text: string;
}

const keys = ['alpha', 'beta', 'gamma', 'delta', '"quoted key"', "'single'", 'a.b/c-d', '"on"', '1', 'éclair', '鍵'];
const singles = [
  'x',
  'two words',
  '12',
  '-0.5',
  'true',
  'no',
  'null',
  '~',
  '"double # quoted"',
  "'single: ''quoted'''",
  'a#b',
  '日本',
  '"\\u00e9\\n"',
];
const blocks = [
  ['|', 'line one', '  deeper', 'line # three'],
  ['>-', 'folded', 'text'],
  ['|+', 'kept', ''],
  ['|2', '  indented'],
  ['"double', 'quoted on two lines"'],
  ['plain', 'on two lines'],
];
const comments = ['# why', '#', '# 日本語のコメント', '# a: b, [c] "d', '#\ttab'];

const singleLine: fc.Arbitrary<Written> = fc
  .constantFrom(...singles)
  .map((text) => ({ kind: 'scalar', lines: [text] }));
const scalar: fc.Arbitrary<Written> = fc.oneof(
  { weight: 6, arbitrary: singleLine },
  { weight: 1, arbitrary: fc.constant<Written>({ kind: 'scalar', lines: [''] }) },
  { weight: 2, arbitrary: fc.constantFrom(...blocks).map((lines): Written => ({ kind: 'scalar', lines })) },
);

const comment = fc.option(fc.constantFrom(...comments), { nil: '', freq: 3 });
const above = fc.oneof(
  { weight: 4, arbitrary: fc.constant<string[]>([]) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...comments, ''), { maxLength: 2 }) },
);

function entriesOf(inner: fc.Arbitrary<Written>, minLength: number): fc.Arbitrary<WrittenCollection['entries']> {
  const entry = fc.record({ key: fc.constantFrom(...keys), above, behind: comment, written: inner });
  return fc.uniqueArray(entry, { selector: ({ key }) => key, minLength, maxLength: 4 });
}

const style = {
  indent: fc.constantFrom(2, 2, 4, 3, 1),
  trailingComma: fc.boolean(),
  padded: fc.boolean(),
  kind: fc.constantFrom('map', 'list') as fc.Arbitrary<'map' | 'list'>,
};

const { flow } = fc.letrec<{ flow: Written }>((tie) => ({
  flow: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    singleLine,
    fc.record({
      ...style,
      layout: fc.constantFrom('line', 'line', 'lines') as fc.Arbitrary<'line' | 'lines'>,
      entries: entriesOf(tie('flow'), 0),
    }),
  ),
}));

const { block } = fc.letrec<{ block: Written }>((tie) => ({
  block: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    scalar,
    flow,
    fc.record({ ...style, layout: fc.constant<'block'>('block'), entries: entriesOf(tie('block'), 1) }),
  ),
}));

/** A document, with what may stand around it. */
export const writtenDocument: fc.Arbitrary<WrittenDocument> = fc
  .record({
    head: fc.constantFrom('', '---\n', '# top\n---\n', '\n# 先頭\n\n', '%YAML 1.1\n---\n'),
    tail: fc.constantFrom('', '\n', '# end\n', '...\n', '---\nother: 1 # second\n'),
    entries: entriesOf(block, 1),
    root: fc.constantFrom('kind: Test', 'kind: Test # first'),
    indent: style.indent,
    windows: fc.boolean(),
    lastBreak: fc.boolean(),
  })
  .map(({ head, tail, entries, root, indent, windows, lastBreak }) => {
    const map: WrittenCollection = {
      kind: 'map',
      layout: 'block',
      indent,
      trailingComma: false,
      padded: false,
      entries,
    };
    const text = `${head}${[root, ...blockLines(map)].join('\n')}\n${tail}`;
    const ended = lastBreak ? text : text.replace(/\n$/, '');
    return { text: windows ? ended.replaceAll('\n', '\r\n') : ended };
  });

function behindLine(line: string, behind: string): string {
  return behind === '' ? line : `${line} ${behind}`;
}

/** The lines of a block collection; the outermost not indented. */
function blockLines({ kind, entries, indent }: WrittenCollection): string[] {
  return entries.flatMap(({ key, above: before, behind, written }) => {
    const head = kind === 'map' ? `${key}:` : '-';
    return [...before, ...entryLines(head, { behind, written, indent, kind })];
  });
}

interface Entry {
  readonly behind: string;
  readonly written: Written;
  readonly indent: number;
  readonly kind: 'map' | 'list';
}

function entryLines(head: string, { behind, written, indent, kind }: Entry): string[] {
  const margin = ' '.repeat(kind === 'list' ? 2 : indent);
  if (written.kind === 'scalar') {
    const [first = '', ...rest] = written.lines;
    const isBlock = /^[|>]/.test(first);
    const lines = rest.map((line) => (line === '' ? '' : margin + line));
    const line = first === '' ? head : `${head} ${first}`;
    if (rest.length > 0 && !isBlock) {
      // The comment can only stand behind the last line.
      return [line, ...lines.slice(0, -1), behindLine(lines.at(-1) ?? '', behind)];
    }
    return [behindLine(line, behind), ...lines];
  }
  if (written.layout !== 'block') {
    const [first = '', ...rest] = flowLines(written);
    const lines = [`${head} ${first}`, ...rest.map((line) => margin + line)];
    return [...lines.slice(0, -1), behindLine(lines.at(-1) ?? '', behind)];
  }
  const inner = blockLines(written);
  const beginsWithField = !/^(?:#|$)/.test(inner[0] ?? '');
  if (kind === 'list' && behind === '' && beginsWithField) {
    return [`- ${inner[0]}`, ...inner.slice(1).map((line) => (line === '' ? '' : `  ${line}`))];
  }
  const dashed = written.kind === 'list' && kind === 'map' && indent % 2 === 0 ? '' : margin;
  return [behindLine(head, behind), ...inner.map((line) => (line === '' ? '' : dashed + line))];
}

function flowText(written: Written): string {
  return written.kind === 'scalar' ? (written.lines[0] ?? '') : (flowLines({ ...written, layout: 'line' })[0] ?? '');
}

function flowLines({ kind, layout, entries, trailingComma, padded }: WrittenCollection): string[] {
  const [open, close] = kind === 'map' ? ['{', '}'] : ['[', ']'];
  const texts = entries.map(({ key, written }) =>
    kind === 'map' ? `${key}: ${flowText(written)}` : flowText(written),
  );
  if (texts.length === 0) return [open + close];
  const end = trailingComma ? ',' : '';
  if (layout === 'line') {
    const space = padded ? ' ' : '';
    return [open + space + texts.join(', ') + end + space + close];
  }
  const lines = texts.map((text, index) => {
    const comma = index === texts.length - 1 ? end : ',';
    return behindLine(`  ${text}${comma}`, entries[index]?.behind ?? '');
  });
  return [open, ...lines, close];
}
