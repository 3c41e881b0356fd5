//! `order-task`: the order example's functions as a command.
//!
//! ```text
//! order-task FUNCTION                     event on stdin, result on stdout
//! order-task answer ORDER approve|reject  a person's answer to a request for approval
//! ```
//!
//! A function that fails exits with 1 and leaves `{"errorType", "errorMessage"}` on the last line of stderr.

use std::env;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use order_tasks::limits::EVENT_BYTES_MAX;
use order_tasks::{Answer, Books, Failure, Function};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["answer", order, "approve"] => answer(order, Answer::Approve),
        ["answer", order, "reject"] => answer(order, Answer::Reject),
        [function] if Function::parse(function).is_some() => call(function),
        _ => {
            // A closed stderr leaves nobody to tell.
            let _ = writeln!(io::stderr(), "{}", usage());
            return ExitCode::from(2);
        }
    };
    match done.and_then(|result| print(&result)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{}", failure.to_json());
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let functions = Function::ALL.map(Function::name).join(", ");
    format!(
        "usage: order-task FUNCTION < event.json\n\
         \x20      order-task answer ORDER approve|reject\n\
         FUNCTION is one of {functions}"
    )
}

fn call(function: &str) -> Result<Value, Failure> {
    let event = read_event().map_err(|error| Failure::unreadable_event(&error))?;
    // What the AWS SDKs call the endpoint of Step Functions.
    let answer_to = variable("AWS_ENDPOINT_URL_SFN");
    order_tasks::call(function, &event, &books(), answer_to.as_deref())
}

fn answer(order: &str, answer: Answer) -> Result<Value, Failure> {
    order_tasks::answer(order, answer, &books()).map(|()| json!({"answered": order}))
}

fn read_event() -> io::Result<Value> {
    let mut text = Vec::new();
    io::stdin().take(EVENT_BYTES_MAX + 1).read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > EVENT_BYTES_MAX) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the event is too large"));
    }
    Ok(serde_json::from_slice(&text)?)
}

fn print(result: &Value) -> Result<(), Failure> {
    writeln!(io::stdout(), "{result}").map_err(|error| Failure::unwritten_result(&error))
}

fn books() -> Books {
    let folder = variable("ORDER_DIR").map(PathBuf::from);
    Books::in_folder(folder.unwrap_or_else(|| env::temp_dir().join("order")))
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the command reads its surroundings here alone")]
    let value = env::var(name);
    value.ok().filter(|value| !value.is_empty())
}
