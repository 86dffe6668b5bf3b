package fakesqs

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// What CloudWatch has of a queue.
const (
	metricSent          = "NumberOfMessagesSent"
	metricReceived      = "NumberOfMessagesReceived"
	metricDeleted       = "NumberOfMessagesDeleted"
	metricEmptyReceives = "NumberOfEmptyReceives"
	metricAge           = "ApproximateAgeOfOldestMessage"
)

const (
	// kept is how many periods are kept.
	kept = 3 * 60
	// ages is how often a message may be received until the age metric leaves it out.
	ages = 3
)

// tally is what happened in each period, by metric.
type tally map[string]map[time.Time]float64

func (t tally) add(metric string, period time.Time, n float64) {
	counts := t[metric]
	if counts == nil {
		counts = map[time.Time]float64{}
		t[metric] = counts
	}
	if _, ok := counts[period]; !ok && len(counts) == kept {
		delete(counts, slices.MinFunc(slices.Collect(maps.Keys(counts)), time.Time.Compare))
	}
	counts[period] += n
}

// period returns the period that a moment lies in.
func (s *Server) period(at time.Time) time.Time { return at.UTC().Truncate(s.Resolution) }

// series is the answer to one query.
type series struct {
	ID         string    `xml:"Id"`
	Label      string    `xml:"Label"`
	Timestamps []string  `xml:"Timestamps>member"`
	Values     []float64 `xml:"Values>member"`
	StatusCode string    `xml:"StatusCode"`
}

type metricsAnswer struct {
	XMLName xml.Name `xml:"http://monitoring.amazonaws.com/doc/2010-08-01/ GetMetricDataResponse"`
	Results []series `xml:"GetMetricDataResult>MetricDataResults>member"`
}

// serveMetrics answers GetMetricData in the query protocol.
func (s *Server) serveMetrics(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "text/xml")
	in, err := url.ParseQuery(string(body))
	action := in.Get("Action")
	if err == nil && action != "GetMetricData" {
		err = &Error{Code: "InvalidAction", Message: action + " is not built"}
	}
	if err == nil {
		err = s.admit(action, "")
	}
	if err != nil {
		code := "InternalFailure"
		if refusal, ok := err.(*Error); ok { //nolint:errorlint // it was made here
			code = refusal.Code
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>refused</Message></Error></ErrorResponse>", code)
		return
	}
	from, _ := time.Parse(time.RFC3339, in.Get("StartTime"))
	to, _ := time.Parse(time.RFC3339, in.Get("EndTime"))
	var answer metricsAnswer
	s.mu.Lock()
	for i := 1; ; i++ {
		query := "MetricDataQueries.member." + strconv.Itoa(i) + "."
		if !in.Has(query + "Id") {
			break
		}
		metric := query + "MetricStat.Metric."
		one := s.measure(in.Get(metric+"Dimensions.member.1.Value"), in.Get(metric+"MetricName"), from, to)
		one.ID = in.Get(query + "Id")
		answer.Results = append(answer.Results, one)
	}
	s.mu.Unlock()
	_ = xml.NewEncoder(w).Encode(answer)
}

// measure returns one metric of one queue, the newest period first. The period
// that is under way is left out, and so is a queue that is not there.
func (s *Server) measure(name, metric string, from, to time.Time) series {
	answer := series{Label: metric, StatusCode: "Complete"}
	q := s.queues[name]
	if q == nil {
		return answer
	}
	now := time.Now()
	q.settle(now)
	last := s.period(now).Add(-s.Resolution)
	for p, n := last, 0; n < kept && !p.Before(from) && !p.Before(s.period(q.created)); p, n = p.Add(-s.Resolution), n+1 {
		if !p.Before(to) {
			continue
		}
		value := q.tally[metric][p]
		if metric == metricAge {
			oldest := slices.IndexFunc(q.messages, func(m *stored) bool { return m.here < ages })
			if n > 0 || oldest < 0 {
				break // of the past nothing is kept
			}
			value = max(0, p.Add(s.Resolution).Sub(q.messages[oldest].sent).Seconds())
		}
		answer.Timestamps = append(answer.Timestamps, p.Format(time.RFC3339))
		answer.Values = append(answer.Values, value)
	}
	return answer
}
