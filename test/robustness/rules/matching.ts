/** Gives each of some places an occupant of its own where that can be done. Pure. Source: Kuhn's augmenting paths. */

/**
 * Places in their order, the earlier ones served first; `fits` lists who may take a place. The result says who got which: as many places
 * as can be served at once, and none that was served is given up for a later one.
 */
export function matchPlaces<Occupant>(
  places: readonly number[],
  fits: (place: number) => readonly Occupant[],
): ReadonlyMap<Occupant, number> {
  const taken = new Map<Occupant, number>();
  const serve = (place: number, asked: Set<Occupant>): boolean => {
    for (const occupant of fits(place)) {
      if (asked.has(occupant)) continue;
      asked.add(occupant);
      const held = taken.get(occupant);
      if (held !== undefined && !serve(held, asked)) continue;
      taken.set(occupant, place);
      return true;
    }
    return false;
  };
  for (const place of places) serve(place, new Set());
  return taken;
}
