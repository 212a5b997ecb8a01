import type { Http } from './http.js'
import { hostInfo, type HostInfo } from './operationModels.js'
import { get, identifier } from './requests.js'

type Fields = Record<string, unknown>

const HOSTS = '/v1/hosts'

/**
 * Hosts of the cluster. All methods need a key with the scope `admin`; without it they reject with InsufficientScopeError. They reject with
 * HostNotFoundError for a host that is away.
 */
export class Hosts {
  /** @internal */
  constructor (private readonly http: Http) {}

  /** All hosts, in the order of their ids. */
  async list (): Promise<HostInfo[]> {
    return (await this.http.json<{ hosts: Fields[] }>(get(HOSTS, this.http.trace()), 'list the hosts')).hosts.map(hostInfo)
  }

  /** The host accepts no new sandboxes. Its sandboxes continue, and its ready containers stay. */
  async cordon (hostId: string): Promise<HostInfo> {
    return await this.setMode(hostId, 'cordon')
  }

  /** The host accepts new sandboxes again. */
  async uncordon (hostId: string): Promise<HostInfo> {
    return await this.setMode(hostId, 'uncordon')
  }

  /** The host accepts no new sandboxes, and its ready containers are removed. Its sandboxes continue until they end. */
  async drain (hostId: string): Promise<HostInfo> {
    return await this.setMode(hostId, 'drain')
  }

  private async setMode (hostId: string, action: string): Promise<HostInfo> {
    const target = `${HOSTS}/${identifier('hostId', hostId, '')}/${action}`
    return hostInfo(await this.http.json<Fields>({ method: 'POST', target, headers: this.http.trace() }, `${action} the host`))
  }
}
