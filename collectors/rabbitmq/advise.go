package rabbitmq

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
)

// Advise returns the commands that grant the permissions lostorder needs: neither configure
// nor write, and read on the dead letter queues only, if peek is on.
func (r *reader) Advise(ctx context.Context) []collectors.Advice {
	user := r.config.Username
	if user == "" {
		return nil
	}
	user = collectors.Word(user)
	known, tagged := r.whoAmI(ctx)
	commands := []string{"rabbitmqctl set_user_tags " + user + " monitoring"}
	var lacking []string
	if known && !tagged {
		lacking = slices.Clone(commands)
	}
	reads := r.sampledQueues()
	for _, vhost := range r.needed() {
		command := "rabbitmqctl set_permissions -p " + collectors.Word(vhost) + " " + user + " '^$' '^$' " + reads[vhost].pattern()
		commands = append(commands, command)
		// Without the tag the broker shows no permissions.
		if known && (!tagged || r.unreadable[vhost] || r.hides(ctx, vhost)) {
			lacking = append(lacking, command)
		}
	}
	text := "to see queues and policies in each watched virtual host, and nothing else"
	if r.config.Peek {
		text = "to see queues and policies and to get messages of dead letter queues (peek) in each watched virtual host, and nothing else"
	}
	return []collectors.Advice{{
		Kind: collectors.Grant, Text: text + ". Use a separate user: the commands replace its tags and permissions", Paste: strings.Join(commands, "\n"),
		Lacking: strings.Join(lacking, "\n"),
	}}
}

// whoAmI reports whether the broker knows the user and its password, and whether it gives the
// user what the tag monitoring gives.
func (r *reader) whoAmI(ctx context.Context) (known, tagged bool) {
	if r.client == nil {
		return false, false
	}
	var nodes []struct{}
	err := r.getJSON(ctx, "/api/nodes?columns=name", &nodes)
	return err == nil || errors.Is(err, statusError(http.StatusForbidden)), err == nil
}

// needed returns the virtual hosts that the config names, or those with a known queue. The
// prometheus plugin shows also those in which the user has no permissions.
func (r *reader) needed() []string {
	if vhosts := r.config.vhosts(); len(vhosts) > 0 {
		return vhosts
	}
	seen := map[string]bool{}
	for k := range r.queues {
		seen[k.vhost] = true
	}
	for _, vhost := range r.hiddenVHosts {
		seen[vhost] = true
	}
	if len(seen) == 0 {
		return []string{"/"}
	}
	return slices.Sorted(maps.Keys(seen))
}

// names are queue names of one virtual host.
type names []string

// pattern returns the read permission for these queues, quoted for a shell.
func (n names) pattern() string {
	slices.Sort(n)
	for i := range n {
		n[i] = regexp.QuoteMeta(n[i])
	}
	switch len(n) {
	case 0:
		return "'^$'"
	case 1:
		return collectors.Word("^" + n[0] + "$")
	}
	return collectors.Word("^(" + strings.Join(n, "|") + ")$")
}

// sampledQueues returns the queues that peek gets messages from, by virtual host.
func (r *reader) sampledQueues() map[string]names {
	all := map[string]names{}
	if !r.config.Peek {
		return all
	}
	for k := range r.deadLetterings {
		all[k.vhost] = append(all[k.vhost], k.name)
	}
	return all
}
