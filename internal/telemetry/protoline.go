package telemetry

import (
	"math"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// The numbers of the fields of a series in the protobuf format.
const (
	fieldMetric  = 4 // of a family
	fieldLabel   = 1 // of a series
	fieldGauge   = 2
	fieldCounter = 3
	fieldUntyped = 5
	fieldName    = 1 // of a label
	fieldText    = 2
	fieldValue   = 1 // of a gauge, a counter and so on
)

// protoLiner writes series as protobuf, byte for byte as the library does. Most begin as the
// one before does, with the labels of the same queue.
type protoLiner struct {
	body   []byte // the last series
	labels []*dto.LabelPair
	ends   []int // where each label ends in it
	value  []byte
}

// encode returns a series as the body of its message. It is good until the next.
func (l *protoLiner) encode(m *dto.Metric) ([]byte, error) {
	if m.GetCounter().GetExemplar() != nil {
		return proto.Marshal(m)
	}
	same := 0
	for same < len(m.Label) && same < len(l.labels) && m.Label[same] == l.labels[same] {
		same++
	}
	if same == 0 {
		l.body = l.body[:0]
	} else {
		l.body = l.body[:l.ends[same-1]]
	}
	l.labels, l.ends = append(l.labels[:same], m.Label[same:]...), l.ends[:same]
	for _, pair := range m.Label[same:] {
		name, text := pair.GetName(), pair.GetValue()
		size := protowire.SizeTag(fieldName) + protowire.SizeBytes(len(name)) + protowire.SizeTag(fieldText) + protowire.SizeBytes(len(text))
		l.body = protowire.AppendVarint(protowire.AppendTag(l.body, fieldLabel, protowire.BytesType), uint64(size)) //nolint:gosec // sizes are positive
		l.body = protowire.AppendString(protowire.AppendTag(l.body, fieldName, protowire.BytesType), name)
		l.body = protowire.AppendString(protowire.AppendTag(l.body, fieldText, protowire.BytesType), text)
		l.ends = append(l.ends, len(l.body))
	}
	kind := protowire.Number(fieldGauge)
	switch {
	case m.Counter != nil:
		kind = fieldCounter
	case m.Untyped != nil:
		kind = fieldUntyped
	}
	l.value = protowire.AppendFixed64(protowire.AppendTag(l.value[:0], fieldValue, protowire.Fixed64Type), math.Float64bits(valueOf(m)))
	l.body = protowire.AppendBytes(protowire.AppendTag(l.body, kind, protowire.BytesType), l.value)
	return l.body, nil
}
