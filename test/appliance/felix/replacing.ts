/** The object with another member; its methods still know it. */
export function replacing<T extends object>(object: T, name: string, member: unknown): T {
  return new Proxy(object, {
    get(target, asked) {
      if (asked === name) return member;
      const own = Reflect.get(target, asked, target) as unknown;
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}
