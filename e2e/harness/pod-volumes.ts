import type { V1Volume } from '@kubernetes/client-node';
import type { Random } from './random.ts';

type Source = Omit<V1Volume, 'name'>;

/** Every source that the restricted level forbids, as small as the API server takes it. */
const forbidden: readonly Source[] = [
  { hostPath: { path: '/' } },
  { hostPath: { path: '/var/log', type: 'Directory' } },
  { gcePersistentDisk: { pdName: 'disk' } },
  { awsElasticBlockStore: { volumeID: 'disk' } },
  { gitRepo: { repository: 'https://git.example/app' } },
  { nfs: { server: 'nfs.example', path: '/' } },
  { iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.com.example:storage', lun: 0 } },
  { glusterfs: { endpoints: 'gluster', path: 'data' } },
  { rbd: { monitors: ['10.0.0.1:6789'], image: 'image' } },
  { flexVolume: { driver: 'example.com/driver' } },
  { cinder: { volumeID: 'disk' } },
  { cephfs: { monitors: ['10.0.0.1:6789'] } },
  { flocker: { datasetName: 'data' } },
  { fc: { targetWWNs: ['50060e801049cfd1'], lun: 0 } },
  { azureFile: { secretName: 'secret', shareName: 'share' } },
  { vsphereVolume: { volumePath: '[store] volume' } },
  { quobyte: { registry: 'quobyte.example:7861', volume: 'data' } },
  { azureDisk: { diskName: 'disk', diskURI: 'https://disk.example/disk.vhd', kind: 'Shared' } },
  { portworxVolume: { volumeID: 'disk' } },
  { photonPersistentDisk: { pdID: 'disk' } },
  { scaleIO: { gateway: 'https://gateway.example', system: 'system', secretRef: { name: 's' }, volumeName: 'v' } },
  { storageos: { volumeName: 'data' } },
];

const allowed: readonly Source[] = [
  { configMap: { name: 'settings' } },
  { csi: { driver: 'csi.example.com' } },
  { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
  { emptyDir: {} },
  { emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
  {
    ephemeral: {
      volumeClaimTemplate: {
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    },
  },
  { image: { reference: 'example.com/data:1', pullPolicy: 'IfNotPresent' } },
  { persistentVolumeClaim: { claimName: 'data' } },
  { projected: { sources: [{ secret: { name: 'secret' } }] } },
  { secret: { secretName: 'secret' } },
];

export function randomVolume(name: string, random: Random): V1Volume {
  return { name, ...structuredClone(random.pick(random.chance(0.6) ? forbidden : allowed)) };
}

export function allowedVolume(name: string, random: Random): V1Volume {
  return { name, ...structuredClone(random.pick(allowed)) };
}
