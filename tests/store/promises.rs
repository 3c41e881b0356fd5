//! Every promise by its name, for whoever makes tests of them.

/// Hands all promises, module by module, to a macro.
macro_rules! each {
    ($make:ident) => {
        $make! {
            journal {
                the_first_header_under_a_name_wins
                one_of_many_racing_headers_wins
                a_record_is_written_where_its_number_is_free
                one_of_many_racing_records_wins
                a_redrive_is_taken_in_once_and_an_end_before_it_counts_no_more
                a_gap_in_a_journal_is_refused
                the_newest_record_is_the_last_one
                older_records_stay_readable
                what_is_not_there_is_absent
                an_execution_ends_once
                closed_forks_are_listed
                a_heartbeat_is_kept_and_never_goes_back
            }
            claims {
                one_of_many_racing_claims_is_granted
                a_claim_stays_on_its_record
            }
            joins {
                every_end_completes_once
                the_same_mark_is_answered_alike
                held_back_children_are_handed_out_once_each
                nothing_is_held_back_without_a_limit
                ends_come_back_by_index
                children_are_those_of_the_very_fork
            }
            payloads {
                payloads_of_any_size_come_back
                a_payload_that_is_passed_on_comes_back
            }
            lists {
                records_come_scope_by_scope_page_by_page
                executions_come_newest_first_page_by_page
                a_start_under_a_name_that_is_taken_lists_nothing
                executions_are_found_by_status
            }
            machines {
                a_machine_is_created_once
                an_update_needs_the_current_revision
                revisions_outlive_their_machine
                machines_come_in_order_page_by_page
            }
            documents {
                a_document_is_changed_by_who_knows_it
                the_same_change_again_is_answered_alike
                one_of_many_racing_changes_is_made
                documents_survive_and_may_be_large
                a_group_is_listed_in_order_page_by_page
            }
            cues {
                a_cue_that_is_sent_is_delivered
                a_cue_is_not_delivered_before_it_is_due
                many_cues_that_are_due_at_once_all_come
            }
            crashes {
                what_is_durable_survives_with_all_before_it
                what_was_claimed_stays_claimed
                joins_survive_with_their_answers
                pending_cues_can_be_derived
            }
            transitions {
                a_journal_of_any_shape_is_kept
            }
        }
    };
}

pub(crate) use each;
