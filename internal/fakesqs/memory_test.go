package fakesqs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lostorder/lostorder/internal/fakesqs"
)

// TestWhatNobodyMayAskForAnyMoreIsForgotten sends a message a second for ten hours.
func TestWhatNobodyMayAskForAnyMoreIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakesqs.New()
		ask := func(action, body string) {
			request := httptest.NewRequest(http.MethodPost, "http://sqs.test/", strings.NewReader(body))
			request.Header.Set("X-Amz-Target", "AmazonSQS."+action)
			said := httptest.NewRecorder()
			if s.ServeHTTP(said, request); said.Code >= 300 {
				t.Fatalf("%s: %s", action, said.Body)
			}
		}
		ask("CreateQueue", `{"QueueName":"orders.fifo","Attributes":{"FifoQueue":"true","MessageRetentionPeriod":"60"}}`)
		for second := range 10 * 60 * 60 {
			ask("SendMessage", fmt.Sprintf(`{"QueueUrl":"http://sqs.test/1/orders.fifo","MessageBody":"a","MessageGroupId":"g","MessageDeduplicationId":"%d"}`, second))
			time.Sleep(time.Second)
		}
		if periods, ids := s.Remembered("orders.fifo"); periods != 3*60 || ids < 5*60 || ids > 3*1024 {
			t.Errorf("it remembers %d periods and %d ids, want those of three hours and of five minutes", periods, ids)
		}
	})
}
