package signal_test

import (
	"reflect"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestConstructorsKnowNothing fails when a new field of a reading is zero, and not
// unknown, in a source that does not fill it.
func TestConstructorsKnowNothing(t *testing.T) {
	queue := signal.NewQueue(signal.QueueID{})
	part := signal.NewPartition(0)
	dead := signal.NewDeadLetterQueue("", "", "")
	setup := signal.NewSetup()
	checked := 0
	for _, reading := range []any{queue, part, dead, setup} {
		v := reflect.ValueOf(reading)
		for i := range v.NumField() {
			field := v.Type().Field(i)
			switch value := v.Field(i).Interface().(type) {
			case signal.Count:
				checked++
				if value.Known() {
					t.Errorf("%s.%s is %d", v.Type().Name(), field.Name, value)
				}
			case int64: // an offset
				checked++
				if value != signal.Unknown {
					t.Errorf("%s.%s is %d", v.Type().Name(), field.Name, value)
				}
			case float64:
				checked++
				if value != signal.Unknown {
					t.Errorf("%s.%s is %v", v.Type().Name(), field.Name, value)
				}
			case signal.Age:
				checked++
				if value.Known() {
					t.Errorf("%s.%s is known", v.Type().Name(), field.Name)
				}
			}
		}
	}
	if checked < 18 {
		t.Errorf("checked %d fields, want those of four types", checked)
	}
}
