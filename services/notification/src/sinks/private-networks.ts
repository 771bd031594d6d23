import { BlockList, isIP, isIPv6 } from "node:net";

/** Address ranges that are not the public internet (RFC 6890 and its IPv6 counterparts). */
const ranges: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
  ["::", 127],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
];

const blocked = new BlockList();
for (const [network, prefix] of ranges) {
  blocked.addSubnet(network, prefix, isIPv6(network) ? "ipv6" : "ipv4");
}

/** Whether an IP address is not one of the public internet; true also for what is no address. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  // BlockList judges ::ffff:10.0.0.1 by its IPv4 ranges.
  return blocked.check(address, family === 6 ? "ipv6" : "ipv4");
}
