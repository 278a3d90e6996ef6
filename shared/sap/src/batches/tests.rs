use super::*;

#[test]
fn a_url_holds_as_many_keys_as_fit_and_one_in_any_case() {
    let of_length = |each: usize| move |count: usize| 100 + each * count;
    for (lately, each, expected) in [
        (50, 38, 50), // 2,000 bytes to the last
        (50, 39, 43), // one eighth fewer
        (50, 60, 28), // and so on
        (20, 60, 20),
        (2, 1_500, 1),
        (50, 9_999, 1),
        (0, 1, 1),
        (500, 1, 50),
    ] {
        assert_eq!(keys_that_fit(lately, of_length(each)), expected, "{lately} of {each} bytes");
    }
}

#[test]
fn what_fits_lets_the_next_batch_grow_by_a_quarter_and_never_shrink() {
    for (count, lately, expected) in
        [(8, 8, 10), (1, 1, 2), (9, 8, 12), (7, 8, 8), (45, 45, 50), (50, 50, 50)]
    {
        assert_eq!(after_fitting(count, lately), expected, "{count}, lately {lately}");
    }
}

#[test]
fn a_member_is_mentioned_as_a_word_of_its_own() {
    for text in ["Property 'U_Id' is invalid", "U_Id", "no U_Idx, but U_Id.", "XU_Id U_Id"] {
        assert!(mentions(text, "U_Id"), "{text}");
    }
    for text in ["", "U_Idx", "XU_Id", "U_Id_2", "_U_Id", "U_Id2 3U_Id"] {
        assert!(!mentions(text, "U_Id"), "{text}");
    }
}

#[test]
fn a_member_that_is_read_anyway_is_not_asked_for_twice() {
    let extra = ["DocEntry".to_owned(), "U_Id".to_owned()];
    let shape = Shape::new("Orders", &["DocEntry", "DocNum"], &extra);
    assert_eq!(shape.select, ["DocEntry", "DocNum", "U_Id"]);
    let target = shape.target::<Payment>(&[3, 4, 5]);
    let select = "$select=DocEntry,DocNum,U_Id";
    let filter = "$filter=(DocEntry%20ge%203%20and%20DocEntry%20le%205)";
    assert_eq!(target, format!("Orders?{select}&{filter}&$orderby=DocEntry"));
}

#[test]
fn the_refused_member_is_named_where_sap_names_it_and_all_are_where_it_does_not() {
    let refused =
        |status, text: &str| Error::Refused { status, code: "-1".to_owned(), text: text.to_owned() };
    let shape = Shape::new("Orders", &["DocEntry", "DocNum"], &[]);
    let told = |error| name_refused_member(error, &shape).to_string();
    assert!(told(refused(400, "Property 'DocNum' is invalid")).contains("has no Orders.DocNum"));
    assert!(told(refused(400, "something is invalid")).contains("asked for Orders: DocEntry,DocNum"));
    let other = refused(403, "DocNum");
    assert_eq!(told(other.clone()), other.to_string());
}
