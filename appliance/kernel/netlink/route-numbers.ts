/** Numbers of rtnetlink that several files share. Pure. Source: linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h, netconf.h. */

export const RTM = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newFilter: 44,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
  newSettings: 80,
} as const;

/** Multicast groups, by what they tell of. */
export const RTNLGRP = { link: [1], neighbour: [3], address: [5, 9], route: [7, 11], settings: [24, 25] } as const;

/** AF_INET and AF_INET6. */
export const FAMILY_NUMBERS = { 4: 2, 6: 10 } as const;

export function familyOf(number: number | undefined): 4 | 6 | undefined {
  if (number === FAMILY_NUMBERS[4]) return 4;
  return number === FAMILY_NUMBERS[6] ? 6 : undefined;
}
