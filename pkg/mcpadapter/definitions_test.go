package mcpadapter

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var update = flag.Bool("update", false, "write the snapshots of the definitions to testdata")

func definitions(t *testing.T) []*mcp.Tool {
	t.Helper()
	tools, _ := newTools(t, nil)
	return tools.Definitions()
}

func TestDefinitionsAreAsInTheSnapshots(t *testing.T) {
	_, remember := remembering(attempted)
	tools, _ := newTools(t, nil, remember, func(o *Options) { o.MaxRecipients = 10 })
	for _, tool := range tools.Definitions() {
		compact, err := json.Marshal(tool)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := json.Indent(&got, compact, "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
		file := filepath.Join("testdata", tool.Name+".json")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil { //nolint:gosec // for everybody to read
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s differs from its snapshot; if that is intended, run go test with -update (-want +got):\n%s",
				tool.Name, diff)
		}
	}
}

// contract is what the vendor's page says of each tool: parameter, type, whether it is required.
func contract() map[string][][3]string {
	contact := [][3]string{
		{"name", "string", "no"}, {"email", "string", "no"}, {"phone", "string", "no"}, {"public", "boolean", "no"},
		{"data", "object", "no"},
	}
	return map[string][][3]string{
		"send_message": {
			{"sender", "string", "yes"}, {"recipients", "string[]", "yes"}, {"body", "string", "yes"},
			{"media_urls", "string[]", "no"}, {"sent_by_name", "string", "no"},
		},
		"get_messages": {
			{"inbox_ids", "string[]", "no"}, {"start", "string", "no"}, {"end", "string", "no"},
			{"limit", "integer", "no"}, {"page", "integer", "no"},
		},
		"create_contact":        contact,
		"update_contact":        append([][3]string{{"contact_id", "string", "yes"}}, contact...),
		"delete_contact":        {{"contact_id", "string", "yes"}},
		"create_contacts_batch": {{"contacts", "object[]", "yes"}},
		"create_campaign": {
			{"sender", "string", "yes"}, {"list_name", "string", "yes"}, {"body", "string", "yes"},
			{"media_urls", "string[]", "no"}, {"name", "string", "no"}, {"timestamp", "string", "no"},
			{"provider", "string", "no"},
		},
	}
}

// schema is as much of JSON Schema as the tests look at.
type schema struct {
	Type                 string
	Description          string
	Properties           map[string]*schema
	Required             []string
	Items                *schema
	AdditionalProperties any
	Default              any
	Minimum, Maximum     *float64
	Enum                 []string
}

func parseSchema(t *testing.T, raw any) *schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal(raw.(json.RawMessage), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestDefinitionsKeepTheVendorsContract(t *testing.T) {
	want := contract()
	for _, tool := range definitions(t) {
		in := parseSchema(t, tool.InputSchema)
		got := map[string][3]string{}
		for name, p := range in.Properties {
			kind, must := p.Type, "no"
			if kind == "array" {
				kind = p.Items.Type + "[]"
			}
			if slices.Contains(in.Required, name) {
				must = "yes"
			}
			got[name] = [3]string{name, kind, must}
		}
		if tool.Name == "create_contacts_batch" && got["on_invalid"] == [3]string{"on_invalid", "string", "no"} {
			delete(got, "on_invalid") // ours
		}
		parameters := map[string][3]string{}
		for _, p := range want[tool.Name] {
			parameters[p[0]] = p
		}
		if diff := cmp.Diff(parameters, got); diff != "" {
			t.Errorf("%s (-page +schema):\n%s", tool.Name, diff)
		}
		delete(want, tool.Name)
	}
	for name := range want {
		t.Errorf("%s is on the page and not defined", name)
	}
}

func TestDefaultsAndLimitsOfPagesAreTheVendors(t *testing.T) {
	in := parseSchema(t, definitions(t)[1].InputSchema)
	limit, page := in.Properties["limit"], in.Properties["page"]
	if limit.Default != 50.0 || *limit.Maximum != 50 || *limit.Minimum != 1 {
		t.Errorf("limit = %+v, want default 50, from 1 to 50", limit)
	}
	if page.Default != 1.0 || *page.Minimum != 1 || page.Maximum != nil {
		t.Errorf("page = %+v, want default 1, from 1", page)
	}
}

func TestEachContactOfABatchHasTheFieldsOfCreateContact(t *testing.T) {
	d := definitions(t)
	one, batch := parseSchema(t, d[2].InputSchema), parseSchema(t, d[5].InputSchema)
	item := batch.Properties["contacts"].Items
	if diff := cmp.Diff(one.Properties, item.Properties); diff != "" {
		t.Error(diff)
	}
	if item.AdditionalProperties != false || item.Required != nil {
		t.Errorf("item = %+v, want closed and nothing required", item)
	}
}

func TestSchemasAreWhatStrictClientsRead(t *testing.T) {
	for _, tool := range definitions(t) {
		for name, raw := range map[string]any{"input": tool.InputSchema, "output": tool.OutputSchema} {
			for _, keyword := range []string{`"$ref"`, `"$defs"`, `"oneOf"`, `"anyOf"`, `"allOf"`, `"not"`, `"null"`} {
				if bytes.Contains(raw.(json.RawMessage), []byte(keyword)) {
					t.Errorf("%s: the %s schema has %s", tool.Name, name, keyword)
				}
			}
			checkDescribed(t, tool.Name+" "+name, parseSchema(t, raw))
		}
		if in := parseSchema(t, tool.InputSchema); in.Type != "object" || in.AdditionalProperties != false {
			t.Errorf("%s: the input schema is not a closed object", tool.Name)
		}
	}
}

func checkDescribed(t *testing.T, path string, s *schema) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if p.Description == "" {
			t.Errorf("%s.%s has no description", path, name)
		}
		checkDescribed(t, path+"."+name, p)
	}
	if s.Items != nil {
		if s.Items.Description == "" {
			t.Errorf("%s[] has no description", path)
		}
		checkDescribed(t, path+"[]", s.Items)
	}
}

func TestHintsSayWhatAToolDoes(t *testing.T) {
	want := map[string]string{ // read-only, destructive, idempotent, open world
		"send_message":          "false true false true",
		"get_messages":          "true false true true",
		"create_contact":        "false false false false",
		"update_contact":        "false true true false",
		"delete_contact":        "false true true false",
		"create_contacts_batch": "false false false false",
		"create_campaign":       "false true false true",
	}
	for _, tool := range definitions(t) {
		a := tool.Annotations
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var written map[string]any
		if err := json.Unmarshal(raw, &written); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, hint := range []string{"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} {
			b, ok := written[hint].(bool)
			if !ok {
				t.Errorf("%s: %s is not written out", tool.Name, hint)
			}
			got += map[bool]string{true: "true ", false: "false "}[b]
		}
		if got != want[tool.Name]+" " {
			t.Errorf("%s: hints are %s, want %s", tool.Name, got, want[tool.Name])
		}
		if tool.Title == "" || a.Title != tool.Title || tool.Description == "" {
			t.Errorf("%s: title %q, annotation %q, description %q", tool.Name, tool.Title, a.Title, tool.Description)
		}
	}
}

func TestTheSDKTakesEveryDefinition(t *testing.T) {
	server := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	for _, tool := range definitions(t) {
		server.AddTool(tool, nil) // it panics at a schema that it cannot use
	}
}
