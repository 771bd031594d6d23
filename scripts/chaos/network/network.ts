import { createTcpProxy, type TcpProxy, type Toxic } from "./tcp-proxy.ts";

/** Addresses of the map to which every other part comes through a proxy. */
const proxied = {
  postgres: "postgres:5432",
  registry: "registry:8080",
  payment: "payment:4002",
  "payment-provider": "payment-provider:4007",
} as const;

/** A part that is reached through the network that chaos can spoil. */
export type ProxiedPart = keyof typeof proxied;

/** Between the services and what they call. */
export interface Network {
  /** What HOLDFAST_VIA is to say so that a suite starts within this network. */
  readonly via: string;
  /** Tells where the parts listen, once that is known. */
  leadTo(ports: Readonly<Record<ProxiedPart, number>>): void;
  spoil(part: ProxiedPart, toxic: Toxic | null): void;
  heal(): void;
  close(): Promise<void>;
}

export const proxiedParts = Object.keys(proxied) as readonly ProxiedPart[];

/** Opens a proxy for each part. */
export async function createNetwork(): Promise<Network> {
  const proxies = new Map<ProxiedPart, TcpProxy>();
  for (const part of proxiedParts) proxies.set(part, await createTcpProxy());
  return {
    via: [...proxies].map(([part, { port }]) => `${proxied[part]}=${port}`).join(","),
    leadTo: (ports) => {
      for (const [part, proxy] of proxies) proxy.leadTo(ports[part]);
    },
    spoil: (part, toxic) => proxies.get(part)?.spoil(toxic),
    heal: () => {
      for (const proxy of proxies.values()) proxy.spoil(null);
    },
    close: async () => {
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    },
  };
}
