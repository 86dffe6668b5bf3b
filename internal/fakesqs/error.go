package fakesqs

// Error is an answer that refuses a request, as AWS words it.
type Error struct {
	Code    string // AccessDeniedException, RequestThrottled, …
	Message string
	Status  int // 400 when zero
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// legacy is the code that the query protocol had for it, by which the SDK still
// goes.
func (e *Error) legacy() string {
	if e.Code == "QueueDoesNotExist" {
		return "AWS.SimpleQueueService.NonExistentQueue"
	}
	return ""
}

var (
	errNoQueue   = &Error{Code: "QueueDoesNotExist", Message: "The specified queue does not exist."}
	errNoMessage = &Error{Code: "ReceiptHandleIsInvalid", Message: "The receipt handle is not valid."}
)
