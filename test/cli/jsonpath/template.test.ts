/** Our JSONPath and Kubernetes' own package print the same for the same data, or both refuse. */
import test from 'ava';
import { execa } from 'execa';
import { compileCell } from '#cli/jsonpath/cell.ts';
import { compileJsonPath } from '#cli/jsonpath/template.ts';

const data = {
  kind: 'List',
  nothing: null,
  empty: '',
  metadata: { resourceVersion: '7', annotations: { 'a.b/c': 'dotted', plain: 'p' } },
  items: [
    {
      metadata: { name: 'one', labels: { app: 'x', zone: 'a' } },
      spec: { order: 10, half: 0.5, nets: ['10.0.0.0/8', '::/0'], on: true },
    },
    { metadata: { name: 'two', labels: { app: 'y' } }, spec: { order: 20, half: 1.5, nets: [], on: false } },
    {
      metadata: { name: 'three' },
      spec: {
        order: 1000000,
        tags: [
          { k: 1, v: 'a' },
          { k: 2, v: '<&>' },
        ],
      },
    },
  ],
  numbers: [1, 2, 3, 4, 5, 6],
  matrix: [
    [1, 2],
    [3, 4],
  ],
};

const templates = String.raw`
plain
{.kind}
{kind}
{$.kind} {@.kind}
{ .kind }
kind: {.kind}, version: {.metadata.resourceVersion}.
{.missing}|{.missing.deeper}|{.kind.x}|{.nothing}|{.empty}|
{.items[0].metadata.name}
{.items[*].metadata.name}
{.items[1:].metadata.name} {.items[:1].metadata.name} {.items[0:2].metadata.name} {.items[-1].metadata.name} {.items[-2:].metadata.name}
{.items[-1:].metadata.name} {.items[:-1].metadata.name} {.numbers[0:6:2]} {.numbers[::3]} {.numbers[1:5:2]} {.numbers[:]} {.numbers[*]}
{.numbers[6]}
{.numbers[-7]}
{.numbers[0:7]}
{.numbers[3:1]}
{.numbers[2:2]}
{.numbers[0:4:0]}
{.numbers[a]}
{.kind[0]}
{.items[0,2].metadata.name} {.numbers[0,1,5]}
{.items[*]['metadata.name','spec.order']}
{.items[0]['metadata','spec']}
{['kind']} {.items[0]['metadata']['name']} {.metadata.annotations['plain']}
{.metadata.annotations.a\.b/c} {.metadata.annotations['a\.b/c']} {.metadata.annotations['a.b/c']}
{..name}
{..order} {..k}
{.items..name} {..labels.app}
{..nets[*]}
{.items[*].spec.*}
{.metadata.annotations.*}
{.items[?(@.metadata.name=="two")].spec.order}
{.items[?(@.metadata.name=='two')].spec.order}
{.items[?(@.spec.order>10)].metadata.name} {.items[?(@.spec.order>=10)].metadata.name} {.items[?(@.spec.order<20)].metadata.name} {.items[?(@.spec.order<=20)].metadata.name} {.items[?(@.spec.order!=20)].metadata.name}
{.items[?(@.spec.half>1.0)].metadata.name} {.items[?(@.spec.half<1.5)].metadata.name}
{.items[?(@.spec.half>1)].metadata.name}
{.items[?(@.metadata.labels)].metadata.name} {.items[?(@.metadata.labels.zone)].metadata.name}
{.items[?(@.spec.on==true)].metadata.name} {.items[?(@.spec.on!=true)].metadata.name}
{.items[?(@.spec.on>true)].metadata.name}
{.items[?(@.spec.order=="10")].metadata.name}
{.items[?(@.metadata.name=~"o")].metadata.name}
{.items[?(@.spec.tags[0].k==1)].metadata.name} {.items[2].spec.tags[?(@.k==2)].v}
{.items[?(@.metadata.name=="a)b")].metadata.name}|
{.numbers[?(@>3)]} {.numbers[?(@==2)]}
{.kind[?(@.x)]}
{.metadata[?(@.x)]}
{range .items[*]}{.metadata.name}{"\n"}{end}
{range .items[*]}{.metadata.name}:{range .spec.nets[*]}{@} {end}{"\t"}{end}end
{range .items[*]}[{.metadata.name},{.spec.order}] {end}
{range .items[?(@.spec.order>10)]}{.metadata.name} {.metadata.labels.app}{'\n'}{end}
{range .missing[*]}x{end}after
{range .items}{.metadata.name}{end}
{.items[?(@.spec.half==1.5)].metadata.name} {.items[?(@.spec.order>10.0)].metadata.name}
{range .items[*]}{.metadata.name}{end}{end}
{.items[0]}
{.items[0].metadata.labels} {.items[0].spec.nets} {.items[2].spec.tags}
{.items[*].spec.order} {.items[0].spec.half} {.items[0].spec.on}
{.matrix[*][0]} {.matrix[1][1]} {.matrix}
{"quoted \" text"} {'single \' text'} {"tab\tend"} {"A\x41"}
{"bad \q"}
{"unterminated}
{.kind
{.items[0}
{.items[?(@.x}
{.items[?(@.x)}
{....kind}
{..}
{foo bar}
{.kind}{.kind} {.kind .metadata}
{1} {-2} {1.5} {true}
{1.2.3}
{.kind,}
{.items[].metadata.name}
{.items[*].metadata.labels.app}{"\n"}{.items[*].metadata.labels.*}
{}
{{.kind}}
a}b
{.items[ 0 ].metadata.name}
{.items[0, 1].metadata.name}
{.items[0 ,1].metadata.name}
{range .items[*]}{range .spec.tags[*]}{.k}={.v};{end}{end}
{.numbers[1:3]}{.numbers[?(@ > 4)]}
{.items[?( @.spec.order == 10 )].metadata.name}
`;

const cases = templates
  .split('\n')
  .filter((line) => line !== '')
  .map((template) => ({ template, data }));

test('the same text as Kubernetes, or an error as there', async (t) => {
  t.timeout(300_000, 'Go may fetch and compile first');
  const { stdout } = await execa('go', ['run', '.'], {
    cwd: new URL('reference/', import.meta.url).pathname,
    input: JSON.stringify(cases),
  });
  const expected = JSON.parse(stdout) as { text: string; error?: string }[];
  t.is(expected.length, cases.length);
  t.true(expected.filter(({ error }) => error === undefined).length > 45, 'most cases are no errors');
  const different = cases.flatMap(({ template }, i) => {
    const ours = run(template);
    const theirs = expected[i]!;
    const isSame =
      theirs.error === undefined
        ? words(template, ours.text) === words(template, theirs.text)
        : ours.error !== undefined;
    return isSame ? [] : [{ template, ours, theirs }];
  });
  t.deepEqual(different, []);
});

/** What a wildcard finds in a map comes in any order there (ours is sorted): only the words are compared. */
function words(template: string, text: string | undefined): string | undefined {
  return /\.\*|\.\./.test(template)
    ? text
        ?.split(/(?<!,)\s+/)
        .sort()
        .join('\n')
    : text;
}

function run(template: string): { text?: string; error?: string } {
  try {
    return { text: compileJsonPath(template)(data) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

test('`compileCell()` takes a path in every form kubectl takes, and says `<none>` when there is nothing', (t) => {
  const cell = (path: string) => compileCell(path)(data.items[0]);
  for (const path of ['.metadata.name', 'metadata.name', '{.metadata.name}', '{metadata.name}'])
    t.is(cell(path), 'one');
  t.is(cell('.spec.nets[*]'), '10.0.0.0/8,::/0');
  t.is(cell('.spec.nets'), '[10.0.0.0/8 ::/0]');
  t.is(cell('.metadata.labels'), 'map[app:x zone:a]');
  t.is(cell('.spec.none'), '<none>');
  t.throws(() => compileCell('{.a}{.b}'), { message: /unexpected path string/ });
});
