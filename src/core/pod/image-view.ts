import type { FieldPath } from './field-path.ts';
import { type ImageReference, isImageId, parseImageReference, type ReferenceProblem } from './image-reference.ts';
import type { PodView } from './pod-view.ts';

/** One image that a pod has the node fetch: a container's of any class, or a volume's. */
export interface ImageView {
  /** The object that names it, relative to the pod: a container, or a volume's `image`. */
  readonly holder: FieldPath;
  readonly isVolume: boolean;
  /** What stands there. */
  readonly name: unknown;
  readonly pullPolicy: unknown;
  /** Undefined where the name is none, and where it is no text. */
  readonly reference: ImageReference | undefined;
  /** Undefined where the name is one. */
  readonly problem: ReferenceProblem | undefined;
}

/** Where the name of an image stands, relative to the pod. */
export function imagePath({ holder, isVolume }: ImageView): FieldPath {
  return [...holder, isVolume ? 'reference' : 'image'];
}

/** Where it is said when the image is fetched. */
export function pullPolicyPath({ holder, isVolume }: ImageView): FieldPath {
  return [...holder, isVolume ? 'pullPolicy' : 'imagePullPolicy'];
}

/** Six rules ask the same pod one after the other. */
const known = new WeakMap<PodView, readonly ImageView[]>();

/**
 * Every image of a pod: of its containers in their order, then of its volumes.
 *
 * A container or volume that names none has none to judge: the API server refuses it in a pod, and a template of a kind
 * that somebody else defined may leave it to whoever makes the pods, which are judged themselves. An empty name is
 * something that stands there, and no reference.
 */
export function imagesOf(pod: PodView): readonly ImageView[] {
  let images = known.get(pod);
  if (images === undefined) {
    images = readImages(pod);
    known.set(pod, images);
  }
  return images;
}

function readImages({ containers, spec }: PodView): readonly ImageView[] {
  const images: ImageView[] = [];
  for (const { path, container } of containers) {
    const name: unknown = container.image;
    if (name === undefined || name === null) continue;
    images.push(imageOf(name, container.imagePullPolicy, path));
  }
  const volumes = spec.volumes ?? [];
  for (let index = 0; index < volumes.length; index++) {
    const image: unknown = volumes[index]?.image;
    if (typeof image !== 'object' || image === null) continue;
    const { reference: name, pullPolicy } = image as { readonly reference?: unknown; readonly pullPolicy?: unknown };
    if (name === undefined || name === null) continue;
    images.push(imageOf(name, pullPolicy, ['spec', 'volumes', index, 'image']));
  }
  return images;
}

/** A name of DNS has 253 characters at most, a port five digits: nobody can be asked for more, and globs need an end. */
const longestDomain = 259;

function imageOf(name: unknown, pullPolicy: unknown, holder: FieldPath): ImageView {
  const parsed = typeof name === 'string' ? readReference(name) : 'repository';
  const reference = typeof parsed === 'string' ? undefined : parsed;
  const problem = typeof parsed === 'string' ? parsed : undefined;
  return { holder, isVolume: holder[1] === 'volumes', name, pullPolicy, reference, problem };
}

/** What texts were found to be. Most pods of a cluster have images that others have; bounded, for anybody may name more. */
const references = new Map<string, ImageReference | ReferenceProblem>();
const mostReferences = 1_000;
/** Longer ones are nobody's images. */
const longestRemembered = 512;

function readReference(text: string): ImageReference | ReferenceProblem {
  if (text.length > longestRemembered) return parseRunnable(text);
  let parsed = references.get(text);
  if (parsed === undefined) {
    parsed = parseRunnable(text);
    if (references.size >= mostReferences) references.clear();
    references.set(text, parsed);
  }
  return parsed;
}

function parseRunnable(text: string): ImageReference | ReferenceProblem {
  // containerd's `LocalResolve` runs whatever image of the node has this id, from whichever registry it once came. By
  // the grammar it is a tag of docker.io/library/sha256, which lists of registries might allow.
  if (isImageId(text)) return 'identifier';
  const parsed = parseImageReference(text);
  if (typeof parsed === 'string' || parsed.domain.length <= longestDomain) return parsed;
  return 'registry';
}
