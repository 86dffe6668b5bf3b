package telemetry

import (
	"bytes"
	"math"
	"strconv"

	dto "github.com/prometheus/client_model/go"
)

// appendLine appends a series as a line of text, byte for byte as the library
// writes it. It takes less than half of its time, which was most of a scrape: the library
// asks of every name in every line whether it is a valid one. The names here are
// those of the list.
func appendLine(line []byte, name string, m *dto.Metric, openMetrics bool) []byte {
	line = append(line, name...)
	between := byte('{')
	for _, l := range m.Label {
		line = append(line, between)
		line = append(line, l.GetName()...)
		line = append(line, '=', '"')
		line = appendEscaped(line, l.GetValue())
		line = append(line, '"')
		between = ','
	}
	if between == ',' {
		line = append(line, '}')
	}
	line = appendFloat(append(line, ' '), valueOf(m), openMetrics)
	return append(line, '\n')
}

func valueOf(m *dto.Metric) float64 {
	switch {
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Untyped != nil:
		return m.Untyped.GetValue()
	default:
		return m.Gauge.GetValue()
	}
}

func appendEscaped(line []byte, value string) []byte {
	for i := range len(value) {
		switch c := value[i]; c {
		case '\\', '"':
			line = append(line, '\\', c)
		case '\n':
			line = append(line, '\\', 'n')
		default:
			line = append(line, c)
		}
	}
	return line
}

// appendFloat writes a number; in OpenMetrics a whole one has a fraction too.
func appendFloat(line []byte, f float64, openMetrics bool) []byte {
	if math.IsInf(f, +1) {
		return append(line, "+Inf"...)
	}
	begin := len(line)
	line = strconv.AppendFloat(line, f, 'g', -1, 64)
	if openMetrics && !math.IsNaN(f) && !math.IsInf(f, 0) && !bytes.ContainsAny(line[begin:], "e.") {
		line = append(line, '.', '0')
	}
	return line
}
