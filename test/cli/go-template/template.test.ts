/** Our templates and Go's own text/template make the same text of the same data, or both refuse. */
import test from 'ava';
import { execa } from 'execa';
import { compileGoTemplate } from '#cli/go-template/template.ts';

const data = {
  name: 'web',
  empty: '',
  nothing: null,
  zero: 0,
  order: 1000000,
  half: 0.5,
  tiny: 0.00001,
  big: 1.5e300,
  large: 12345678.5,
  yes: true,
  no: false,
  list: ['a', 'b', 'c'],
  none: [],
  numbers: [3, 1.5, -2],
  nested: { a: { b: { c: 'deep' } }, 'x-y': 1 },
  map: { zeta: 1, alpha: 'two', mid: [1, null] },
  items: [
    { name: 'one', labels: { app: 'x' }, ports: [80, 443] },
    { name: 'two', labels: {}, ports: [] },
    { name: 'three <&>"\'' },
  ],
  text: 'ünï "q" \\ \n\t end',
};

const templates =
  String.raw`
plain text
{{.}}
{{.name}} {{ .name }} {{.nested.a.b.c}}
{{.missing}} {{.missing.deeper}} {{.nothing}}
{{.nothing.x}}
{{.name.x}}
{{.list.x}}
{{.zero}} {{.order}} {{.half}} {{.tiny}} {{.big}} {{.large}} {{.yes}}
{{.list}} {{.none}} {{.numbers}} {{.map}} {{.nested}}
{{if .name}}yes{{end}}{{if .empty}}no{{else}}else{{end}}
{{if .zero}}a{{else if .yes}}b{{else}}c{{end}}
{{if .none}}a{{else if .no}}b{{else if .zero}}c{{else}}d{{end}}
{{if and .name .yes}}both{{end}} {{if or .empty .zero .name}}some{{end}} {{if not .no}}not{{end}}
{{and .name .empty .missing}}|{{or .empty .name}}|{{and 1 2}}|{{or 0 ""}}
{{and .no .nothing.x}}
{{or .yes .nothing.x}}
{{range .list}}<{{.}}>{{end}}
{{range $i, $e := .list}}{{$i}}={{$e}} {{end}}
{{range $e := .list}}{{$e}}{{$.name}} {{end}}
{{range .none}}x{{else}}nothing{{end}}
{{range .missing}}x{{else}}missing{{end}}
{{range .map}}{{.}};{{end}}
{{range $k, $v := .map}}{{$k}}:{{$v}};{{end}}
{{range 3}}{{.}}{{end}} {{range $i := 2}}{{$i}}{{end}}
{{range .name}}{{.}}{{end}}
{{range .half}}x{{end}}
{{range .list}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}
{{range .list}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}
{{range .items}}{{.name}}: {{range .ports}}{{.}} {{else}}no ports{{end}}{{"\n"}}{{end}}
{{range $item := .items}}{{with $item.labels}}{{range $k, $v := .}}{{$k}}={{$v}} on {{$item.name}}{{end}}{{else}}-{{end}};{{end}}
{{with .nested.a}}{{.b.c}}{{end}}{{with .missing}}x{{else}}y{{end}}
{{with .missing}}a{{else with .name}}{{.}}{{else}}c{{end}}
{{with $x := .name}}{{$x}}{{end}}
{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}
{{$x := "a"}}{{range .list}}{{$x = .}}{{end}}{{$x}}
{{$x := "a"}}{{if .yes}}{{$x := "b"}}{{$x}}{{end}}{{$x}}
{{$y}}
{{if .yes}}{{$z := 1}}{{end}}{{$z}}
{{$}}
{{$.name}} {{with .nested}}{{$.name}}{{end}}
a {{- .name -}} b
a {{- "x"}} {{"y" -}}   b
{{- /* comment */ -}} text {{/* another */}}.
{{/* bad
{{"quoted \"string\" \t \x41 A \U0001F600"}} {{` +
  '`raw \\n`' +
  String.raw`}}
{{'a'}} {{1}} {{-1}} {{1.5}} {{1e3}} {{0x1F}} {{017}} {{1_000}} {{1.0}} {{1e-7}} {{2.5e20}} {{1e21}} {{123456789.0}}
{{true}} {{false}}
{{100000.5}} {{999999.5}} {{1234567.5}} {{0.0001}} {{0.00012345}}
{{ | .name}}
{{.name | len | }}
{{nil}}
{{.list | len}} {{len .name}} {{len .map}} {{len .text}}
{{len .zero}}
{{len .nothing}}
{{index .list 1}} {{index .map "alpha"}} {{index .nested "a" "b" "c"}} {{index .nested "x-y"}}
{{index .map "nokey"}}
{{index .list 5}}
{{index .list -1}}
{{index .list "a"}}
{{index .map 1}}
{{index .nothing 1}}
{{index .items 0 "ports" 1}} {{index .name 0}}
{{slice .name 1 2}} {{slice .list 1}} {{slice .list 1 2}} {{slice .list}}
{{slice .name 2 9}}
{{slice .zero 1}}
{{print 1 2 "a" "b" 3}} {{println "x" 1}}{{print .list .name}} {{print}}
{{printf "%s-%d-%v" .name 5 .list}} {{printf "%5s|%-5s|%05d|%+d|%x|%X|%o|%b" "ab" "cd" 42 7 255 255 8 5}}
{{printf "%q %q" .name .text}} {{printf "%t" .yes}} {{printf "%v %v" nil .missing}}
{{printf "%f %.2f %8.3f %e %g %.3g %g" 1.5 2.345 3.14159 12345.678 0.1 1234.5678 1e7}}
{{printf "%d" "x"}} {{printf "%s" 5}} {{printf "%d"}} {{printf "x" 1}} {{printf "%z" 1}} {{printf "100%%"}} {{printf "%"}}
{{printf "%v %T %T %T %T %T" .map .name .zero .half .list .yes}} {{printf "%T" .map}}
{{printf "%c %U %q" 65 65 65}} {{printf "%x" "hi"}} {{printf "%6.2f|%-8v|%8v" 2.5 true "r"}}
{{printf "%s" .list}} {{printf "%d" .numbers}} {{printf "%q" .list}} {{printf "%*d" 5 42}} {{printf "%#x %#o" 255 8}}
{{printf "% d %+.1e" 5 12345.678}} {{printf "%3c|%-3c|" 65 66}} {{printf "%.2s" "abcdef"}} {{printf "%08.3f" -3.14159}}
{{printf 5}}
{{eq 1 1}} {{eq "a" "a" "b"}} {{eq "a" "b" "a"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 2 1}} {{ge 1 2}} {{lt "a" "b"}} {{eq true true}}
{{eq .half 0.5}} {{lt .half 1.0}} {{gt .order 5}} {{eq .order 1000000}}
{{eq 1 "1"}}
{{eq 1 1.0}}
{{lt .half 1}}
{{eq .list .list}}
{{eq .name}}
{{eq .nothing .missing}}
{{eq .name .missing}}
{{lt .yes .no}}
{{lt .nothing 1}}
{{ne 1}}
{{html "<a href=\"x\">'&"}} {{js "it's <\"x\"> = &\n"}} {{urlquery "a b&c=d/e?f+g*'()!~"}}
{{join .list ","}} {{.list | len | printf "%d items"}} {{"x" | printf "%s%s" "y"}}
{{(index .items 0).name}} {{(len .list)}} {{(printf "%s" .name) | len}}
{{$x := index .items 0}}{{$x.name}} {{$x.labels.app}}
{{.name | printf "%q" | len | printf "%03d"}}
{{define "T"}}[{{.}}]{{end}}{{template "T" .name}}{{template "T"}}{{template "T" 5}}
{{define "rec"}}{{if .}}{{len .}}{{template "rec" (slice . 1)}}{{end}}{{end}}{{template "rec" .list}}
{{block "B" .name}}<{{.}}>{{end}}
{{template "nope"}}
{{define "loop"}}{{template "loop"}}{{end}}ok
{{range .items}}{{template "row" .}}{{end}}{{define "row"}}{{.name}}/{{end}}
{{define "V"}}{{$.}}{{end}}{{template "V" .name}}
{{.name
{{if .yes}}
{{end}}
{{else}}
{{range .list}}{{else}}{{else}}{{end}}
{{nofunc 1}}
{{.name 1}}
{{1 2}}
{{"a" | "b"}}
{{.list | .name}}
{{if}}x{{end}}
{{}}
{{.name | }}
{{(.name}}
{{.name)}}
{{.a..b}}
{{"unterminated}}
{{$x, $y := .list}}
{{break}}
{{define "X"}}
{{.name}}}} {{"{{"}}
{{ .list|len }}{{- "" }}
{{if (eq (len .list) 3)}}three{{end}} {{if (and (gt .order 10) (lt .half 1.0))}}in{{end}}
{{range $i, $item := .items}}{{if $i}}, {{end}}{{$item.name}}{{end}}
{{with .list}}{{index . 0}}{{len .}}{{end}}
{{print .nothing}} {{print .missing}} {{.map.mid}} {{printf "%v" .map.mid}}
{{not .missing}} {{not 0 }} {{not}}
{{call .name}}
{{template "T" .name}}{{define "T"}}first{{end}}{{define "U"}}u{{end}}
{{range $i, $_ := .list}}{{$i}}{{end}} {{range $k, $_ := .map}}{{$k}},{{end}}
{{range $x = .list}}{{end}}
{{$x := ""}}{{range $x = .list}}{{end}}{{$x}}
{{ if eq .name "web" "db" -}}   matched   {{- end }}!
`;

const cases = templates
  .split('\n')
  .filter((line) => line !== '')
  .map((template) => ({ template, data }));
const multiline = [
  '{{if .yes}}\n  a\n{{- end}}\nb\n',
  'x  \n {{- range .list }}\n  - {{ . }}\n{{- end }}\n',
  '{{.name\n}}',
  '{{\n  .name\n  | len\n}}',
  '{{"a\nb"}}',
];

test('the same text as Go, or an error as there', async (t) => {
  t.timeout(240_000, 'Go may compile its library first');
  const all = [...cases, ...multiline.map((template) => ({ template, data }))];
  const { stdout } = await execa('go', ['run', new URL('reference/main.go', import.meta.url).pathname], {
    input: JSON.stringify(all),
    env: { GO111MODULE: 'off' },
  });
  const expected = JSON.parse(stdout) as { text: string; error?: string }[];
  t.is(expected.length, all.length);
  t.true(expected.filter(({ error }) => error === undefined).length > 70, 'most cases are no errors');
  const different = all.flatMap(({ template }, i) => {
    const ours = run(template);
    const theirs = expected[i]!;
    const isSame = theirs.error === undefined ? ours.text === theirs.text : ours.error !== undefined;
    return isSame ? [] : [{ template, ours, theirs }];
  });
  t.deepEqual(different, []);
});

function run(template: string): { text?: string; error?: string } {
  const functions = { join: (list: unknown, separator: unknown) => (list as string[]).join(separator as string) };
  try {
    return { text: compileGoTemplate(template, functions)(data) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

test('`compileGoTemplate()` names the line of a mistake', (t) => {
  t.throws(() => compileGoTemplate('a\nb{{.x'), { message: /line 2: unclosed action/ });
  t.throws(() => compileGoTemplate('a\n\n{{foo}}'), { message: /line 3: function "foo" not defined/ });
  t.throws(() => compileGoTemplate('\n{{index .list 9}}')(data), {
    message: 'line 2: error calling index: index out of range: 9',
  });
});

test('fields of Go structs are found by their JSON names', (t) => {
  const object = { metadata: { name: 'a' }, spec: { ipipMode: 'Always', cidr: '10.0.0.0/8' } };
  const run = compileGoTemplate('{{range .}}{{.ObjectMeta.Name}} {{.Spec.IPIPMode}} {{.Spec.CIDR}}{{end}}');
  t.is(run([object]), 'a Always 10.0.0.0/8');
});
