/** Resource commands beyond upstream's, against the real API server: selecting, templates, watching, dry runs, pruning, editing, waiting, describing. */

import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { manifestOf, startWorld, type World } from './real-server.ts';

const hostEndpoint = (name: string, node: string, labels: object, spec: object = {}) =>
  manifestOf('HostEndpoint', name, { node, interfaceName: 'eth0', ...spec }, { labels });
const policy = (name: string, spec: object, metadata: object = {}) =>
  manifestOf('GlobalNetworkPolicy', name, { selector: "app == 'x'", ...spec }, metadata);

async function create(world: World, ...manifests: string[]): Promise<void> {
  const run = await world.ctl(['create', '-f', '-'], manifests.join('\n---\n'));
  if (run.exitCode !== 0) throw new Error(run.stderr);
}

test.serial('get selects by labels and fields, sorts, cuts, and prints in every format', async (t) => {
  await using world = await startWorld();
  await create(
    world,
    hostEndpoint('a', 'n1', { role: 'edge', zone: 'x' }),
    hostEndpoint('b', 'n2', { role: 'edge' }),
    hostEndpoint('c', 'n3', { role: 'core' }),
    policy('late', { order: 300 }),
    policy('early', { order: 5 }),
    policy('middle', { order: 40 }),
  );
  const out = async (...words: string[]) => {
    const run = await world.ctl(words);
    t.is(run.stderr, '', words.join(' '));
    return run.stdout;
  };
  t.is(
    await out('get', 'hep', '-l', 'role=edge', '-o', 'name'),
    'hostendpoint.projectcalico.org/a\nhostendpoint.projectcalico.org/b\n',
  );
  t.is(await out('get', 'hep', '-l', 'role in (core),!zone', '--no-headers'), 'c    n3   \n');
  t.is(await out('get', 'hep', '--field-selector', 'metadata.name=b', '--no-headers'), 'b    n2   \n');
  t.is(await out('get', 'hep', '--limit', '2', '--chunk-size', '1', '--no-headers'), 'a    n1   \nb    n2   \n');
  t.is(
    await out('get', 'hep', '-L', 'zone,role', '--show-labels', '-l', 'zone'),
    'NAME   NODE   ZONE   ROLE   LABELS             \na      n1     x      edge   role=edge,zone=x   \n\n',
  );
  t.is(
    await out('get', 'gnp', '--sort-by', '.spec.order', '-o', 'custom-columns=N:.metadata.name,O:.spec.order'),
    'N        O     \nearly    5     \nmiddle   40    \nlate     300   \n',
  );
  t.is(
    await out('get', 'gnp/early', 'hep/a', '-o', 'name'),
    'globalnetworkpolicy.projectcalico.org/early\nhostendpoint.projectcalico.org/a\n',
  );
  t.is(await out('get', 'hep', 'b', 'a', '--single-table'), 'NAME   NODE   \nb      n2     \na      n1     \n\n');
  t.is(await out('get', 'hep', 'a', 'nobody', '--ignore-not-found', '-o', 'jsonpath={.spec.node}'), 'n1');
  t.is(
    await out('get', 'hep', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.spec.node}{"\\n"}{end}'),
    'a=n1\nb=n2\nc=n3\n',
  );
  t.is(await out('get', 'hep', 'a', '-o', 'jsonpath={.metadata.labels}'), '{"role":"edge","zone":"x"}');
  t.is(await out('get', 'hep', '-o', 'go-template={{range .}}{{.metadata.name}} {{end}}'), 'a b c ');
  t.is(await out('get', 'hep', '-o', 'go-template={{range .items}}{{.spec.node}},{{end}}{{len .items}}'), 'n1,n2,n3,3');
  t.is(
    await out(
      'get',
      'hep',
      'a',
      '-o',
      'go-template={{.metadata.name}} {{(index . 0).ObjectMeta.Name}} {{config "asnumber"}}',
    ),
    'a a 64512',
  );
  const file = join(world.directory, 'template');
  writeFileSync(file, '{{range .}}{{.kind}}\n{{end}}');
  t.is(await out('get', 'hep', '-l', 'zone', '-o', `go-template-file=${file}`), 'HostEndpoint\n');
  writeFileSync(file, '{.items[*].metadata.name}');
  t.is(await out('get', 'hep', '-o', `jsonpath-file=${file}`), 'a b c');
  writeFileSync(file, 'NAME  WHERE\n.metadata.name {.spec.node}\n');
  t.is(await out('get', 'hep', 'a', '-o', `custom-columns-file=${file}`), 'NAME   WHERE   \na      n1      \n');
  const both = JSON.parse(await out('get', 'hep,gnp', '-o', 'json')) as { kind: string; items: { kind: string }[] };
  t.deepEqual([both.kind, both.items.length], ['List', 6]);
  const all = await out('get', 'all', '-o', 'name');
  for (const name of ['hostendpoint', 'globalnetworkpolicy', 'tier']) t.regex(all, new RegExp(`^${name}\\.`, 'm'));
  t.regex(await out('get', 'calico'), /NAME +NODE/);
});

test.serial('-l before the command is the log level, after it a selector', async (t) => {
  await using world = await startWorld();
  await create(world, hostEndpoint('debugged', 'n1', { debug: 'yes' }), hostEndpoint('other', 'n2', {}));
  const before = await world.ctl(['-l', 'debug', 'get', 'hep', '-o', 'name']);
  t.is(before.stdout.split('\n').length, 3);
  t.regex(before.stderr, /^GET .* 200 /m);
  const after = await world.ctl(['get', 'hep', '-l', 'debug', '-o', 'name']);
  t.is(after.stdout, 'hostendpoint.projectcalico.org/debugged\n');
  t.is(after.stderr, '');
  const log = await world.ctl(['patch', 'hep', 'other', '-p', '{}', '-l', 'debug']);
  t.regex(log.stderr, /^GET /m);
});

test.serial('get -w shows what is there and each change, in order, until it is stopped', async (t) => {
  await using world = await startWorld();
  await create(world, hostEndpoint('a', 'n1', { role: 'edge' }), hostEndpoint('z', 'n9', {}));
  const ending = new AbortController();
  let seen = '';
  const watching = world.ctl(['get', 'hep', '-w', '--output-watch-events', '-l', 'role=edge'], '', {
    stopping: ending.signal,
    onOutput: (text) => {
      seen = text;
    },
  });
  const until = async (text: string) => {
    const endMs = Date.now() + 15_000;
    while (!seen.includes(text) && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 20));
    t.true(seen.includes(text), `${text} in ${seen}`);
  };
  await until('ADDED   a');
  await create(world, hostEndpoint('b', 'n2', { role: 'edge' }));
  await until('ADDED   b');
  await world.ctl(['patch', 'hep', 'b', '-p', '{"spec":{"node":"n3"}}']);
  await until('MODIFIED   b');
  await world.ctl(['label', 'hep', 'b', 'role=core', '--overwrite']);
  await until('DELETED');
  ending.abort();
  const run = await watching;
  t.deepEqual([run.exitCode, run.stderr], [0, '']);
  t.deepEqual(
    run.stdout.split('\n').map((line) => line.trim().split(/ +/)),
    [
      ['EVENT', 'NAME', 'NODE'],
      ['ADDED', 'a', 'n1'],
      ['ADDED', 'b', 'n2'],
      ['MODIFIED', 'b', 'n3'],
      ['DELETED', 'b', 'n3'],
      [''],
    ],
  );
});

test.serial('get -w goes on after the server was away, and ends on a signal', async (t) => {
  await using world = await startWorld();
  await create(world, hostEndpoint('a', 'n1', {}));
  const watching = world.start(['get', 'hep', '-w', '-o', 'json']);
  const until = async (text: string) => {
    const endMs = Date.now() + 20_000;
    while (!watching.stdout().includes(text) && Date.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
    t.true(watching.stdout().includes(text), `${text} in ${watching.stdout()}`);
  };
  await until('"a"');
  await world.restart();
  await create(world, hostEndpoint('b', 'n2', {}));
  await until('"b"');
  watching.kill('SIGINT');
  const { exitCode, stderr } = await watching.ended;
  t.is(exitCode, 0);
  t.regex(stderr, /^the connection to the API server is lost; trying again$/m);
  const names = watching
    .stdout()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { metadata: { name: string } }).metadata.name);
  t.deepEqual(names, ['a', 'b']);
});

test.serial('a dry run writes nothing, says what it would do, and the server refuses as it would', async (t) => {
  await using world = await startWorld();
  await create(world, policy('old', { order: 1 }));
  const revision = async () =>
    JSON.parse((await world.ctl(['get', 'gnp', '-o', 'json'])).stdout).metadata.resourceVersion;
  const before = await revision();
  const both = [policy('old', { order: 2 }), policy('new', {})].join('\n---\n');
  for (const mode of ['client', 'server']) {
    const note = mode === 'client' ? 'dry run' : 'server dry run';
    const run = await world.ctl(['apply', '-f', '-', `--dry-run=${mode}`], both);
    t.is(
      run.stdout,
      `globalnetworkpolicy.projectcalico.org/old configured (${note})\nglobalnetworkpolicy.projectcalico.org/new created (${note})\n`,
    );
    t.is(
      (await world.ctl(['delete', 'gnp', 'old', `--dry-run=${mode}`])).stdout,
      `globalnetworkpolicy.projectcalico.org/old deleted (${note})\n`,
    );
    t.is(
      (await world.ctl(['label', 'gnp', 'old', 'a=b', `--dry-run=${mode}`])).stdout,
      `Successfully set label a on gnp old (${note})\n`,
    );
    t.is(
      (await world.ctl(['patch', 'gnp', 'old', '-p', '{"spec":{"order":9}}', `--dry-run=${mode}`, '-o', 'name']))
        .stdout,
      'globalnetworkpolicy.projectcalico.org/old\n',
    );
    t.is(
      (await world.ctl(['create', '-f', '-', `--dry-run=${mode}`], policy('third', {}))).stdout,
      `globalnetworkpolicy.projectcalico.org/third created (${note})\n`,
    );
    t.is(
      (await world.ctl(['replace', '-f', '-', `--dry-run=${mode}`], policy('old', { order: 7 }))).stdout,
      `globalnetworkpolicy.projectcalico.org/old replaced (${note})\n`,
    );
  }
  t.is((await world.ctl(['create', '-f', '-', '--dry-run=server'], policy('x', { tier: 'none' }))).exitCode, 4);
  t.is((await world.ctl(['create', '-f', '-', '--dry-run=server'], policy('old', {}))).exitCode, 5);
  t.is(await revision(), before);
});

test.serial(
  'apply -v has a line for each resource before the sentence, -o json the resources, and errors as JSON',
  async (t) => {
    await using world = await startWorld();
    await create(world, policy('same', { order: 1 }), policy('changed', { order: 1 }));
    const input = [policy('same', { order: 1 }), policy('changed', { order: 2 }), policy('new', {})].join('\n---\n');
    const run = await world.ctl(['apply', '-f', '-', '-v'], input);
    t.is(
      run.stdout,
      `${['same unchanged', 'changed configured', 'new created'].map((line) => `globalnetworkpolicy.projectcalico.org/${line}\n`).join('')}Successfully applied 3 'GlobalNetworkPolicy' resource(s)\n`,
    );
    const json = await world.ctl(
      ['apply', '-f', '-', '-o', 'json'],
      `${policy('same', { order: 5 })}\n---\n${policy('bad', { tier: 'none' })}`,
    );
    t.is(json.exitCode, 3);
    t.is(JSON.parse(json.stdout).spec.order, 5);
    const { error } = JSON.parse(json.stderr) as { error: { code: string; exitCode: number; resource: string } };
    t.deepEqual(
      [error.code, error.exitCode, error.resource],
      ['CLI_NOT_FOUND', 4, 'globalnetworkpolicy.projectcalico.org/bad'],
    );
    const missing = await world.ctl(['describe', 'gnp', 'nobody']);
    t.is(missing.exitCode, 4);
    t.is(
      JSON.parse((await world.ctl(['patch', 'gnp', 'nobody', '-p', '{}', '-o', 'json'])).stderr).error.code,
      'CLI_NOT_FOUND',
    );
  },
);

test.serial('diff -f shows what an apply would change, and ends with 0, 1 or more', async (t) => {
  await using world = await startWorld();
  await create(world, policy('p', { order: 1 }));
  t.deepEqual(await world.ctl(['diff', '-f', '-'], policy('p', { order: 1 })), { exitCode: 0, stdout: '', stderr: '' });
  const changed = await world.ctl(['diff', '-f', '-'], `${policy('p', { order: 2 })}\n---\n${policy('q', {})}`);
  t.is(changed.exitCode, 1);
  const lines = changed.stdout.split('\n').filter((line) => /^[-+]/.test(line));
  t.true(lines.includes('-  order: 1') && lines.includes('+  order: 2'));
  t.regex(changed.stdout, /^\+\+\+ GlobalNetworkPolicy\(q\) as in <stdin>:\d+$/m);
  t.true((await world.ctl(['diff', '-f', '-'], policy('p', { tier: 'none' }))).exitCode > 1);
  t.true((await world.ctl(['diff', '-f', '/nowhere'])).exitCode > 1);
  t.is(JSON.parse((await world.ctl(['get', 'gnp', 'p', '-o', 'json'])).stdout).spec.order, 1);
});

test.serial('apply --prune deletes what it made and the files no longer name, and nothing else', async (t) => {
  await using world = await startWorld();
  const labelled = { labels: { team: 'shop' } };
  const set = (name: string, metadata: object = labelled) =>
    manifestOf('GlobalNetworkSet', name, { nets: ['10.0.0.0/8'] }, metadata);
  await create(world, set('foreign'), policy('byhand', {}, labelled));
  const prune = ['apply', '-f', '-', '--prune', '-l', 'team=shop'];
  await world.ctl(
    prune,
    [set('a'), set('b'), policy('p', {}, labelled), set('elsewhere', { labels: { team: 'other' } })].join('\n---\n'),
  );
  const names = async () =>
    (await world.ctl(['get', 'gnetsets,gnp', '-o', 'jsonpath={range .items[*]}{.metadata.name} {end}'])).stdout
      .trim()
      .split(' ')
      .sort();
  t.deepEqual(await names(), ['a', 'b', 'byhand', 'elsewhere', 'foreign', 'p']);
  const trial = await world.ctl([...prune, '--dry-run=server'], set('a'));
  t.regex(trial.stdout, /^globalnetworkset\.projectcalico\.org\/b pruned \(server dry run\)$/m);
  t.regex(trial.stdout, /^globalnetworkpolicy\.projectcalico\.org\/p pruned \(server dry run\)$/m);
  t.is((await names()).length, 6);
  const failed = await world.ctl(prune, `${set('a')}\n---\n${policy('x', { tier: 'none' }, labelled)}`);
  t.is(failed.exitCode, 3);
  t.is((await names()).length, 6, 'nothing is pruned when something failed');
  t.is((await world.ctl(prune, set('a'))).exitCode, 0);
  t.deepEqual(await names(), ['a', 'byhand', 'elsewhere', 'foreign']);
});

test.serial(
  'apply --all-or-nothing writes nothing when one object is wrong, and knows what the files themselves make',
  async (t) => {
    await using world = await startWorld();
    const tier = manifestOf('Tier', 'ops', { order: 5 });
    const inTier = policy('ops.a', { tier: 'ops' });
    const wrong = await world.ctl(
      ['apply', '-f', '-', '--all-or-nothing'],
      [tier, inTier, policy('x', { tier: 'none' })].join('\n---\n'),
    );
    t.is(wrong.exitCode, 4);
    t.regex(wrong.stderr, /^nothing was written.*\n.*Tier\(none\)/);
    t.is((await world.ctl(['get', 'tier', 'ops'])).exitCode, 4);
    const right = await world.ctl(['apply', '-f', '-', '--all-or-nothing'], [tier, inTier].join('\n---\n'));
    t.deepEqual([right.exitCode, right.stdout], [0, 'Successfully applied 2 resource(s)\n']);
  },
);

test.serial('files are read from the web, and several may stand behind one -f', async (t) => {
  await using world = await startWorld();
  const server = createServer((request, answer) => {
    if (request.url === '/p.yaml') answer.end(policy('web', {}));
    else answer.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  t.is(
    (await world.ctl(['apply', '-f', `${address}/p.yaml`])).stdout,
    "Successfully applied 1 'GlobalNetworkPolicy' resource(s)\n",
  );
  const missing = await world.ctl(['apply', '-f', `${address}/none`]);
  t.is(missing.exitCode, 1);
  t.regex(missing.stderr, /unable to read URL ".*\/none": server answered 404/);
  server.close();
  server.closeAllConnections();
  const [one, two] = ['one', 'two'].map((name) => {
    const path = join(world.directory, `${name}.yaml`);
    writeFileSync(path, policy(name, {}));
    return path;
  });
  t.is(
    (await world.ctl(['apply', '-f', one!, two!])).stdout,
    "Successfully applied 2 'GlobalNetworkPolicy' resource(s)\n",
  );
});

test.serial('label and annotate work on many, list, and remove as kubectl does', async (t) => {
  await using world = await startWorld();
  await create(
    world,
    hostEndpoint('a', 'n1', { role: 'edge' }),
    hostEndpoint('b', 'n2', { role: 'edge' }),
    hostEndpoint('c', 'n3', {}),
  );
  const run = await world.ctl(['label', 'hep', '-l', 'role=edge', 'zone=x', 'tier=t']);
  t.is(run.stdout.split('\n').length, 5);
  t.is((await world.ctl(['label', 'hep', 'a', '--list'])).stdout, 'role=edge\ntier=t\nzone=x\n');
  t.is((await world.ctl(['label', 'hep/a', 'zone-'])).stdout, 'Successfully removed label zone from hep a\n');
  t.is((await world.ctl(['annotate', 'hep', '--all', 'note=a b'])).exitCode, 0);
  t.is((await world.ctl(['annotate', 'hep', 'c', 'note=other'])).exitCode, 1);
  t.is(
    (await world.ctl(['annotate', 'hep', 'c', 'note=other', '--overwrite'])).stdout,
    'Successfully updated annotation note on hep c\n',
  );
  t.is(
    (await world.ctl(['annotate', 'hep', '--all', '--list'])).stdout,
    'Listing annotations for HostEndpoint a:\nnote=a b\nListing annotations for HostEndpoint b:\nnote=a b\nListing annotations for HostEndpoint c:\nnote=other\n',
  );
  t.is((await world.ctl(['annotate', 'hep', 'c', 'note', '--remove'])).exitCode, 0);
  const part = await world.ctl(['label', 'hep', '--all', 'role=other']);
  t.is(part.exitCode, 3);
});

test.serial(
  'edit writes what the editor saved, asks again when the server refuses, and keeps what was not taken',
  async (t) => {
    await using world = await startWorld();
    await create(world, policy('p', { order: 1 }));
    const editor = (script: string) => {
      const path = join(world.directory, 'editor');
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
      return { env: { EDITOR: path, TMPDIR: world.directory } };
    };
    const order = async () => JSON.parse((await world.ctl(['get', 'gnp', 'p', '-o', 'json'])).stdout).spec.order;
    const edited = await world.ctl(['edit', 'gnp', 'p'], '', editor('sed -i "s/order: 1/order: 2/" "$1"'));
    t.deepEqual(edited, { exitCode: 0, stdout: 'Successfully edited GlobalNetworkPolicy(p)\n', stderr: '' });
    t.is(await order(), 2);
    t.is(
      (await world.ctl(['edit', 'gnp', 'p'], '', editor('true'))).stdout,
      'Edit cancelled, no changes made to GlobalNetworkPolicy(p)\n',
    );
    const again = `if grep -q "^# error with field" "$1"; then sed -i "s/tier: none/tier: default/; s/selector: .*/selector: all()/; s/order: 2/order: 3/" "$1"; else sed -i "s/selector: .*/selector: '((('/" "$1"; fi`;
    t.is((await world.ctl(['edit', 'gnp', 'p'], '', editor(again))).exitCode, 0);
    t.is(await order(), 3);
    const stubborn = await world.ctl(['edit', 'gnp', 'p'], '', editor(`sed -i "s/selector: .*/selector: '((('/" "$1"`));
    t.is(stubborn.exitCode, 1);
    const kept = /your changes are kept in (\S+)/.exec(stubborn.stderr)?.[1] ?? '';
    t.regex(readFileSync(kept, 'utf8'), /selector: '\(\(\('/);
    t.is((await world.ctl(['edit', 'gnp', 'p'], '', editor('exit 3'))).exitCode, 1);
    t.is(readdirSync(world.directory).filter((name) => name.startsWith('calicoctl-edit-')).length, 1);
  },
);

test.serial('wait ends when the condition is met, and with 7 when it is not', async (t) => {
  await using world = await startWorld();
  await create(world, policy('p', { order: 1 }), policy('q', { order: 2 }));
  const late = setTimeout(() => void world.ctl(['delete', 'gnp', 'p']), 200);
  const gone = await world.ctl(['wait', 'gnp', 'p', '--for=delete', '--timeout', '20s']);
  clearTimeout(late);
  t.deepEqual(gone, { exitCode: 0, stdout: 'globalnetworkpolicy.projectcalico.org/p deleted\n', stderr: '' });
  t.is((await world.ctl(['wait', 'gnp', '--all', '--for=jsonpath={.spec.order}=2'])).exitCode, 0);
  t.is((await world.ctl(['wait', 'gnp/q', '--for=jsonpath={.spec.order}'])).exitCode, 0);
  const late7 = await world.ctl(['wait', 'gnp/q', '--for=jsonpath={.spec.order}=3', '--timeout', '100ms']);
  t.deepEqual(
    [late7.exitCode, late7.stderr],
    [7, 'timed out waiting for jsonpath={.spec.order}=3 on globalnetworkpolicy.projectcalico.org/q\n'],
  );
  t.is((await world.ctl(['wait', 'gnp/q', '--for=condition=Ready', '--timeout', '0'])).exitCode, 7);
  t.is((await world.ctl(['wait', 'gnp', '-l', 'no=body', '--for=delete'])).exitCode, 4);
});

test.serial('describe says where a policy stands, what it means and to whom it applies', async (t) => {
  await using world = await startWorld();
  await create(
    world,
    manifestOf('Tier', 'ops', { order: 5, defaultAction: 'Pass' }),
    manifestOf('Profile', 'web', { labelsToApply: { app: 'web' } }),
    manifestOf('Node', 'n1', {}),
    hostEndpoint('inherits', 'n1', {}, { profiles: ['web'] }),
    hostEndpoint('other', 'n1', { app: 'db' }),
    policy('second', { order: 20, selector: "app == 'web'" }),
    policy('ops.first', {
      tier: 'ops',
      order: 1,
      selector: "app == 'web'",
      types: ['Ingress'],
      ingress: [
        {
          action: 'Allow',
          protocol: 'TCP',
          source: { selector: "role == 'lb'", nets: ['10.0.0.0/8'] },
          destination: { ports: [80, '8000:8080'] },
        },
        { action: 'Deny' },
      ],
    }),
    policy('third', { selector: "app == 'web'" }),
  );
  const describe = async (...words: string[]) => {
    const run = await world.ctl(['describe', ...words]);
    t.deepEqual([run.exitCode, run.stderr], [0, ''], words.join(' '));
    return run.stdout;
  };
  const first = await describe('gnp', 'ops.first');
  t.regex(first, /^Tier: +ops \(1 of 4, order 5\)$/m);
  t.regex(first, /^ {2}1\. Allow TCP from endpoints where role == 'lb' and 10\.0\.0\.0\/8 to port 80, 8000:8080$/m);
  t.regex(first, /^ {2}2\. Deny everything$/m);
  t.regex(first, /^Endpoints \(1\):\n {2}HostEndpoint inherits \(node n1\)$/m);
  t.regex(await describe('gnp', 'third'), /^Place: +2 of 2 in its tier, after second$/m);
  const endpoint = await describe('hep/inherits');
  t.regex(endpoint, /^Labels With Profiles:\n {2}app=web$/m);
  t.regex(
    endpoint,
    /Policies In Order:\n {2}Tier ops:\n {4}GlobalNetworkPolicy ops\.first \(order 1; Ingress\)\n {4}else pass\n {2}Tier default:\n {4}GlobalNetworkPolicy second .*\n {4}GlobalNetworkPolicy third .*\n {4}else deny\n/,
  );
  t.regex(
    await describe('tier', 'ops'),
    /^Place: +1 of 4 \(before kube-admin\)\nPolicies In Order:\n {2}1\. GlobalNetworkPolicy ops\.first/m,
  );
  t.regex(await describe('node', 'n1'), /^Host Endpoints:\n {2}inherits \(eth0\)\n {2}other \(eth0\)$/m);
  t.regex(await describe('profile', 'web'), /^Labels To Apply:\n {2}app=web$/m);
  for (const word of ['bgpconfig', 'felixconfig', 'ippool', 'hep', 'all']) await world.ctl(['describe', word]);
  t.regex(await describe('all'), /^Name: +ops\.first$/m);
});

test.serial('auth and api-resources say what the server says', async (t) => {
  await using world = await startWorld();
  const who = JSON.parse((await world.ctl(['auth', 'whoami', '-o', 'json'])).stdout) as {
    status: { userInfo: { groups: string[] } };
  };
  t.true(who.status.userInfo.groups.includes('system:masters'));
  t.deepEqual(await world.ctl(['auth', 'can-i', 'delete', 'gnp/x']), { exitCode: 0, stdout: 'yes\n', stderr: '' });
  t.regex((await world.ctl(['auth', 'can-i', '--list'])).stdout, /^RESOURCES +PATHS +NAMES +VERBS/);
  t.regex(
    (await world.ctl(['api-resources', '-o', 'wide'])).stdout,
    /^hostendpoints +hep,?\S* +projectcalico\.org\/v3 +false +HostEndpoint +create,/m,
  );
  t.regex((await world.ctl(['api-resources', '-o', 'name'])).stdout, /^tiers\.projectcalico\.org$/m);
});

test.serial('a kind that only the server knows can be got as a table', async (t) => {
  await using world = await startWorld();
  const run = await world.ctl(['get', 'livemigrations', '-A']);
  t.deepEqual([run.exitCode, run.stderr], [0, '']);
  t.regex(run.stdout, /^NAME /m);
  t.is((await world.ctl(['get', 'widgets'])).exitCode, 2);
});

test.serial('a reader that goes away ends the command quietly, and a signal ends it at once', async (t) => {
  await using world = await startWorld();
  await create(world, ...Array.from({ length: 200 }, (_, i) => policy(`p${i}`, { order: i })));
  const program = `'${new URL('../../bin/calicoctl', import.meta.url).pathname}' get gnp -o yaml | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const piped = await execa('bash', ['-c', program], { env: world.env });
  t.deepEqual([piped.stdout, piped.stderr], ['apiVersion: projectcalico.org/v3\n0', '']);
  const waiting = world.start(['wait', 'gnp', 'p1', '--for=delete', '--timeout', '60s']);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  waiting.kill('SIGINT');
  t.not((await waiting.ended).exitCode, 0);
});

test.serial(
  'apply --server-side leaves others their fields, is refused theirs, and takes them when forced',
  async (t) => {
    await using world = await startWorld();
    const apply = (manager: string, spec: object, ...flags: string[]) =>
      world.ctl(['apply', '-f', '-', '--server-side', '--field-manager', manager, ...flags], policy('p', spec));
    t.is(
      (await apply('one', { order: 1 }, '-v')).stdout.split('\n')[0],
      'globalnetworkpolicy.projectcalico.org/p serverside-applied',
    );
    const only = (order: number) =>
      JSON.stringify({
        apiVersion: 'projectcalico.org/v3',
        kind: 'GlobalNetworkPolicy',
        metadata: { name: 'p' },
        spec: { order },
      });
    const conflict = await world.ctl(['apply', '-f', '-', '--server-side', '--field-manager', 'two'], only(2));
    t.is(conflict.exitCode, 5);
    t.regex(conflict.stderr, /one.*\.spec\.order.*--force-conflicts takes the fields over/s);
    const diff = await world.ctl(
      ['diff', '-f', '-', '--server-side', '--field-manager', 'two', '--force-conflicts'],
      only(2),
    );
    t.deepEqual(
      diff.stdout.split('\n').filter((line) => /^[-+] /.test(line)),
      ['-  order: 1', '+  order: 2'],
    );
    t.is(
      (await world.ctl(['apply', '-f', '-', '--server-side', '--field-manager', 'two', '--force-conflicts'], only(2)))
        .exitCode,
      0,
    );
    const { spec } = JSON.parse((await world.ctl(['get', 'gnp', 'p', '-o', 'json'])).stdout) as {
      spec: Record<string, unknown>;
    };
    t.deepEqual([spec.order, spec.selector], [2, "app == 'x'"]);
  },
);

test.serial('roles, bindings, service accounts and namespaces go through discovery as whole resources', async (t) => {
  await using world = await startWorld();
  const role = (verbs: string[]) =>
    JSON.stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'reader' },
      rules: [{ apiGroups: ['projectcalico.org'], resources: ['tiers'], verbs }],
    });
  const account = '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"bot","namespace":"shop"}}';
  t.deepEqual(await world.ctl(['apply', '-f', '-'], `${role(['get'])}\n---\n${account}`), {
    exitCode: 0,
    stdout: 'Successfully applied 2 resource(s)\n',
    stderr: '',
  });
  t.regex(
    (await world.ctl(['apply', '-f', '-', '-v'], role(['get']))).stdout,
    /^clusterrole\.rbac\.authorization\.k8s\.io\/reader unchanged$/m,
  );
  t.regex((await world.ctl(['apply', '-f', '-', '-v'], role(['get', 'list']))).stdout, /reader configured$/m);
  const read = JSON.parse((await world.ctl(['get', 'clusterrole', 'reader', '-o', 'json'])).stdout) as {
    rules: { verbs: string[] }[];
  };
  t.deepEqual(read.rules[0]?.verbs, ['get', 'list']);
  t.is((await world.ctl(['get', 'sa', '-n', 'shop', '-o', 'name'])).stdout, 'serviceaccount/bot\n');
  t.regex((await world.ctl(['get', 'clusterroles'])).stdout, /^reader /m);
  t.regex((await world.ctl(['describe', 'clusterrole', 'reader'])).stdout, /^Rules:/m);
  t.is(
    (await world.ctl(['delete', 'sa', 'bot', '-n', 'shop'])).stdout,
    "Successfully deleted 1 'ServiceAccount' resource(s)\n",
  );
});
