package mcpadapter

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The instructions of each setting stand whole in a file: a sentence that vanishes or is said in
// the wrong place is seen.
func TestInstructionsAreAsInTheSnapshots(t *testing.T) {
	keys := func(o *Options) { _, change := remembering(attempted); change(o) }
	resends := func(o *Options) { keys(o); o.ResendAbsent = true }
	plain := func(*Options) {}
	for name, tt := range map[string]struct {
		options func(*Options)
		tools   []string // all if nil
	}{
		"all":                      {options: keys},
		"all-without-keys":         {options: plain},
		"all-resending":            {options: resends},
		"readonly":                 {keys, []string{"get_messages"}},
		"messages":                 {keys, []string{"send_message", "get_messages"}},
		"messages-without-keys":    {plain, []string{"send_message", "get_messages"}},
		"messages-resending":       {resends, []string{"send_message", "get_messages"}},
		"send-only":                {keys, []string{"send_message"}},
		"send-only-without-keys":   {plain, []string{"send_message"}},
		"contacts":                 {keys, []string{"create_contact", "update_contact", "delete_contact", "create_contacts_batch"}},
		"contacts-resending":       {resends, []string{"create_contact", "update_contact", "delete_contact", "create_contacts_batch"}},
		"contacts-without-create":  {keys, []string{"update_contact", "delete_contact"}},
		"campaigns":                {keys, []string{"create_campaign"}},
		"campaigns-without-keys":   {plain, []string{"create_campaign"}},
		"campaigns-and-messages":   {keys, []string{"send_message", "get_messages", "create_campaign"}},
		"campaigns-and-reading":    {keys, []string{"get_messages", "create_campaign"}},
		"contacts-and-what-reads":  {keys, []string{"get_messages", "create_contact"}},
		"deleting-and-what-reads":  {plain, []string{"get_messages", "delete_contact"}},
		"batch-and-sending-resent": {resends, []string{"send_message", "create_contacts_batch"}},
	} {
		t.Run(name, func(t *testing.T) {
			tools, _ := newTools(t, nil, tt.options)
			got := tools.Instructions()
			if tt.tools != nil {
				part, err := tools.Subset(tt.tools)
				if err != nil {
					t.Fatal(err)
				}
				got = part.Instructions()
			}
			file := filepath.Join("testdata", "instructions", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil { //nolint:gosec // for everybody to read
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file) //nolint:gosec // ours
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
				t.Errorf("they differ from the snapshot; if that is intended, run go test with -update (-want +got):\n%s", diff)
			}
		})
	}
}
