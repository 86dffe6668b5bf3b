// Package api holds what the HTTP API says, as types that the server encodes and
// the commands decode.
package api

import (
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// Findings is the answer of /api/v1/findings.
type Findings struct {
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings"`
	// Total is how many findings were asked for, on all pages.
	Total int `json:"total"`
	// Next is what ?after= has to be for the next page; absent on the last one.
	Next string `json:"next,omitempty"`
	// Replica is the one that answers, where it was asked for its own findings only.
	Replica *Replica `json:"replica,omitempty"`
	// Acknowledged are the acknowledgements of the config, with what they cover now.
	Acknowledged []Acknowledgement `json:"acknowledged,omitempty"`
}

// Replica is one of several replicas that share their targets.
type Replica struct {
	Member  string   `json:"member"`
	Targets []string `json:"targets"` // those that it reads, as collector/target
}

// Acknowledgement says that some orders are known to be wrong, and do not count until a day.
type Acknowledgement struct {
	About    string         `json:"about"` // a finding, a check or a lifecycle
	Why      string         `json:"why"`
	Until    time.Time      `json:"until"`
	Expired  bool           `json:"expired,omitempty"` // it is over, and its orders count
	Known    int            `json:"known"`             // orders that it names, or the number that it allows
	Count    int64          `json:"count"`             // those that are affected now and do not count
	Findings []Acknowledged `json:"findings"`
}

// Acknowledged is what an acknowledgement takes from one finding.
type Acknowledged struct {
	ID       string      `json:"id"`
	Mode     signal.Mode `json:"mode"`
	Subject  string      `json:"subject"`
	Count    int64       `json:"count"`
	OrderIDs []string    `json:"order_ids"`
}

// DefaultLimit is how many findings a page has, and LargestLimit is what ?limit= may ask for.
const (
	DefaultLimit = 1000
	LargestLimit = 10_000
)

// Verdict says in words whether orders are being lost, and how much of what is
// watched that rests on. It is about all open findings, also when fewer are asked for.
type Verdict struct {
	Level string `json:"level"` // lost, risk, note, blind or calm
	Label string `json:"label"` // in a word or two
	Text  string `json:"text"`  // the answer
	Sight string `json:"sight"` // which targets cannot be read
}

// Finding is one case of a failure mode.
type Finding struct {
	ID       string          `json:"id"`
	Mode     signal.Mode     `json:"mode"`
	Severity signal.Severity `json:"severity"`
	Summary  string          `json:"summary"` // what happened, in one sentence
	Subject  string          `json:"subject"` // as text
	Labels   signal.Subject  `json:"labels"`  // as the metrics have them
	// CustomLabels are those that the config gives the subject, such as its team.
	CustomLabels signal.Labels `json:"custom_labels,omitempty"`
	// Amounts are what the affected orders are worth, one sum for each currency, as exact
	// decimal numbers in text. AmountsOf says which orders they include: all, counted (up to the cap;
	// there may be more) or sample. AtStake is the same in words.
	Amounts    signal.Amounts  `json:"amounts,omitempty"`
	AmountsOf  signal.Coverage `json:"amounts_of,omitempty"`
	AtStake    string          `json:"at_stake,omitempty"`
	Target     string          `json:"target"` // collector/target
	OrderIDs   []string        `json:"order_ids"`
	Count      int64           `json:"count"`
	Since      time.Time       `json:"since"`
	DetectedAt time.Time       `json:"detected_at"`
	ClosedAt   time.Time       `json:"closed_at,omitzero"` // zero while it is open
	// Unconfirmed: it was open before a restart, and its target has not been read since.
	Unconfirmed bool `json:"unconfirmed,omitempty"`
	// TimesIn7Days is how often the same failure of the same subject was open in the last
	// seven days, this finding included where it was.
	TimesIn7Days int `json:"times_in_7_days"`
	// CausedBy is the id of the finding that explains this one: both name the same orders.
	// Symptoms are the ids of the open findings that this one explains.
	CausedBy string   `json:"caused_by,omitempty"`
	Symptoms []string `json:"symptoms,omitempty"`
	// Evidence holds a number, a text or a list of texts for each fact. The name of a number
	// ends with its unit: _seconds, _per_second, _bytes; without one it is a count. A time is
	// RFC 3339. NAME_bound says how NAME is known: measured, at_least, at_most or estimated.
	Evidence   signal.Evidence `json:"evidence"`
	URL        string          `json:"url,omitempty"` // its page, where --web.external-url says where that is
	RunbookURL string          `json:"runbook_url"`
	TraceID    string          `json:"trace_id"`
}

// Targets is the answer of /api/v1/targets.
type Targets struct {
	// Ready is true once every target has been read, or tried, at least once.
	Ready   bool     `json:"ready"`
	Targets []Target `json:"targets"`
}

// Target is the state of one target.
type Target struct {
	Collector       string    `json:"collector"`
	Target          string    `json:"target"`
	Up              bool      `json:"up"`
	Error           string    `json:"error,omitempty"`
	LastAttempt     time.Time `json:"last_attempt,omitzero"` // zero before the first
	LastSuccess     time.Time `json:"last_success,omitzero"` // zero when it was never read whole
	DurationSeconds float64   `json:"duration_seconds"`
	IntervalSeconds float64   `json:"interval_seconds"`
	// ReadingAgeSeconds is absent when there is no reading to show.
	ReadingAgeSeconds *float64 `json:"reading_age_seconds,omitempty"`
	Stale             bool     `json:"stale"`
	Warnings          []string `json:"warnings"`
	Readings          Readings `json:"readings"`
	// Owner is the replica that reads the target; absent where replicas share nothing.
	Owner string `json:"owner,omitempty"`
	// OwnerURL is the address of another replica that reads it.
	OwnerURL string `json:"owner_url,omitempty"`
	// Roles are of the queues that are for something else than work, at most 1,000.
	Roles []phrase.QueueRole `json:"roles"`
}

// Readings counts what a target's reading holds.
type Readings struct {
	Queues           int `json:"queues"`
	DeadLetterQueues int `json:"dead_letter_queues"`
	Outboxes         int `json:"outboxes"`
	Lifecycles       int `json:"lifecycles"`
	Reconciliations  int `json:"reconciliations"`
}

// Problem is the answer to a request that could not be met: RFC 9457 problem details.
type Problem struct {
	Type   string `json:"type"`   // about:blank: the status says what kind of problem it is
	Title  string `json:"title"`  // the status in words
	Status int    `json:"status"` // that of the answer
	Detail string `json:"detail"` // what is wrong with the request
}

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"
