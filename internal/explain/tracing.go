package explain

import (
	"net/url"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
)

// sectionKey is the key of the config file.
const sectionKey = "tracing"

// placeholder stands for the trace id in the URL.
const placeholder = "{trace_id}"

// Tracing is the section tracing.
type Tracing struct {
	URL string `yaml:"url" doc:"The address of one trace in your tracing system. {trace_id} stands for the id of the trace. The trail of an order links it." example:"https://tempo.example/trace/{trace_id}"`
}

// Validate checks that the URL is one, and has a place for the id.
func (c *Tracing) Validate() error {
	if c.URL == "" {
		return nil
	}
	u, err := url.Parse(strings.ReplaceAll(c.URL, placeholder, "0"))
	switch {
	case !strings.Contains(c.URL, placeholder):
		return config.At("url", "does not say where the trace id belongs; write for example https://tempo.example/trace/%s", placeholder)
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return config.At("url", "not an http or https address; write for example https://tempo.example/trace/%s", placeholder)
	case u.User != nil:
		return config.At("url", "contains a user, which every reader of the page would see; remove it")
	}
	return nil
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Single[Tracing](sectionKey, "Where traces are shown.")
}

// TracingOf returns what a config file says.
func TracingOf(f *config.File) Tracing { return config.Only[Tracing](f, sectionKey) }

// Trace is the address of a trace, empty where none is configured.
func (c *Tracing) Trace(id string) string {
	if c.URL == "" || id == "" {
		return ""
	}
	return strings.ReplaceAll(c.URL, placeholder, url.PathEscape(id))
}
