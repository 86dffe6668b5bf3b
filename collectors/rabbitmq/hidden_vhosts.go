package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/lostorder/lostorder/collectors"
)

// mostRefusals bounds how many virtual hosts without a visible queue are asked for.
const mostRefusals = 50

// findHiddenVHosts finds the virtual hosts on which the user has no permissions. The broker
// lists them to a user with the tag monitoring, and hides their queues.
func (r *reader) findHiddenVHosts(ctx context.Context) {
	r.hiddenVHosts = nil
	if r.config.vhosts() != nil {
		return // the error of each says so
	}
	names, err := r.allVHosts(ctx)
	if err != nil {
		return // without the tag monitoring the reading is partial and says so
	}
	asked := 0
	for _, name := range names {
		if !r.config.VHosts.Match(name) || r.visible[name] || asked >= mostRefusals {
			continue
		}
		asked++
		if r.refuses(ctx, name) {
			r.hiddenVHosts = append(r.hiddenVHosts, name)
		}
	}
}

func (r *reader) allVHosts(ctx context.Context) ([]string, error) {
	var listed []struct {
		Name string `json:"name"`
	}
	if err := r.getJSON(ctx, "/api/vhosts?columns=name", &listed); err != nil {
		return nil, err
	}
	names := make([]string, len(listed))
	for i := range listed {
		names[i] = listed[i].Name
	}
	slices.Sort(names)
	return names, nil
}

// refuses reports whether the broker does not show the queues of a virtual host. RabbitMQ 4
// answers as if the virtual host did not exist.
func (r *reader) refuses(ctx context.Context, vhost string) bool {
	var page struct{}
	err := r.getJSON(ctx, "/api/queues/"+url.PathEscape(vhost)+"?page=1&page_size=1&columns=name", &page)
	return refusal(err)
}

// refusal reports whether an error says that something does not exist or may not be seen,
// which RabbitMQ does not always tell apart.
func refusal(err error) bool {
	return errors.Is(err, statusError(http.StatusNotFound)) || errors.Is(err, statusError(http.StatusForbidden))
}

// hides reports whether the queues of a virtual host exist as far as is known and the user
// has no permissions to see them.
func (r *reader) hides(ctx context.Context, vhost string) bool {
	if !r.refuses(ctx, vhost) {
		return false
	}
	names, err := r.allVHosts(ctx)
	return err != nil || slices.Contains(names, vhost)
}

// permit is the command that gives the user sight of a virtual host.
func (r *reader) permit(vhost string) string {
	return "rabbitmqctl set_permissions -p " + collectors.Word(vhost) + " " + collectors.Word(r.config.Username) + " '^$' '^$' '^$'"
}

// hiddenWarnings reports the virtual hosts whose queues are not watched. The prometheus plugin
// shows the counters of their queues.
func (r *reader) hiddenWarnings() (list []string) {
	for _, vhost := range r.hiddenVHosts {
		if !slices.ContainsFunc(r.sorted, func(q *queue) bool { return q.vhost == vhost }) {
			list = append(list, fmt.Sprintf("the queues in virtual host %s are not watched, because the user has no permissions on it; run %s, or exclude it in vhosts", vhost, r.permit(vhost)))
		}
	}
	return list
}
