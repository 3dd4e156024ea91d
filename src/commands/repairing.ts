import { isDeepStrictEqual } from 'node:util';
import type { AppliedObject, Judgement } from '../core/engine/judge.ts';
import type { RepairTerms } from '../core/engine/repair.ts';
import { repairObject } from '../core/engine/repair-object.ts';
import type { FieldPath } from '../core/pod/field-path.ts';
import { createPatchedCopy, type PatchOperation } from '../core/pod/patch.ts';
import type { RefusedRepair, RepairedFile } from '../core/render/fix-result.ts';
import type { EditableFile } from '../io/files/editable-file.ts';
import { editManifest, type ManifestRefusal } from '../io/files/manifest-edits.ts';
import type { ManifestObject } from '../io/files/manifest-objects.ts';

/** One object of a file, and what was decided of it. */
export interface JudgedObject {
  readonly object: ManifestObject;
  /** The number of its document in the file. */
  readonly document: number;
  readonly applied: AppliedObject;
  readonly judgement: Judgement;
}

type Minds = RepairTerms['minds'];

/** A file's new text, where there is one, and what had to be left. */
export interface RepairedText {
  readonly edited?: { readonly text: string; readonly edits: RepairedFile['edits']; readonly violations: number };
  readonly refused: readonly RefusedRepair[];
}

/** What cannot be edited is left out, and what is left is tried again. */
export function repairFile(file: EditableFile, judged: readonly JudgedObject[], minds: Minds): RepairedText {
  const refused: ManifestRefusal[] = [];
  for (;;) {
    const plan = planOf(file, judged, { minds, refused });
    const why = refused.map((refusal) => placeRefusal(file, refusal));
    if (plan.violations === 0) return { refused: why };
    if (file.problems.length > 0) return { refused: [{ file: file.file, message: partUnreadable }] };
    const edited = editManifest(file.text, file.file, plan.values);
    if ('text' in edited) return { edited: { ...edited, violations: plan.violations }, refused: why };
    const { refusals } = edited;
    const known = refused.length;
    for (const refusal of refusals) {
      // One place may be refused for several others that it shares something with.
      const again = refused.some(({ document, path }) =>
        isDeepStrictEqual([document, path], [refusal.document, refusal.path]),
      );
      if (!again && plan.touches(refusal)) refused.push(refusal);
    }
    if (refused.length === known) return { refused: refusals.map((refusal) => placeRefusal(file, refusal)) };
  }
}

const partUnreadable = 'a part of it cannot be read';

interface Plan {
  readonly values: ReadonlyMap<number, unknown>;
  readonly violations: number;
  touches(refusal: ManifestRefusal): boolean;
}

/** What each document is to mean. */
function planOf(
  { documents }: EditableFile,
  judged: readonly JudgedObject[],
  { minds, refused }: { readonly minds: Minds; readonly refused: readonly ManifestRefusal[] },
): Plan {
  const copies = new Map<number, ReturnType<typeof createPatchedCopy>>();
  const made: { readonly document: number; readonly path: FieldPath }[] = [];
  let violations = 0;
  for (const { object, document, applied, judgement } of judged) {
    const inDocument = ({ path }: PatchOperation) => ({ document, path: [...object.path, ...path] });
    const permits = (operations: readonly PatchOperation[]): boolean =>
      !operations.some((operation) => refused.some((refusal) => meets(refusal, inDocument(operation))));
    const repair = repairObject(applied, judgement, { minds, permits });
    if (repair === undefined) continue;
    violations += repair.satisfied;
    const copy = copies.get(document) ?? createPatchedCopy(documents[document]?.value);
    copies.set(document, copy);
    for (const operation of repair.operations) {
      const place = inDocument(operation);
      made.push(place);
      copy.apply({ ...operation, path: place.path });
    }
  }
  return {
    values: new Map([...copies].map(([document, copy]) => [document, copy.value()])),
    violations,
    touches: (refusal) => refusal.path !== undefined && made.some((place) => meets(refusal, place)),
  };
}

/** Whether one lies in the other. */
function meets(
  refusal: ManifestRefusal,
  { document, path }: { readonly document: number; readonly path: FieldPath },
): boolean {
  if (refusal.document !== document || refusal.path === undefined) return false;
  const shared = Math.min(refusal.path.length, path.length);
  return isDeepStrictEqual(refusal.path.slice(0, shared), path.slice(0, shared));
}

function placeRefusal({ file, documents }: EditableFile, { document, path, message }: ManifestRefusal): RefusedRepair {
  const position = path && documents[document ?? 0]?.position(path);
  return { file, ...position, message };
}
