//! `bookstore import` into a data folder and into a running server.

use std::fs;

use contract::bookstore::inventory::v1::{
    BatchGetStockRequest, Book, GetBookRequest, ListCategoriesRequest,
};

use crate::test_process::{CommandOutput, Folder, TestProcess, run, run_unread, run_with_input};

const OWN_FORMAT: &str = "\
id,title,authors,year,category,price,stock
910001,The Left Hand of Darkness,Ursula K. Le Guin,1969,science_fiction,12.99,7
910002,Good Omens,Terry Pratchett; Neil Gaiman,1990,fantasy,9.5,
910003,The Iliad,Homer,-750,classics,8,0
";

/// The header of goodbooks-10k with two invented rows.
const GOODBOOKS: &str = "\
book_id,goodreads_book_id,best_book_id,work_id,books_count,isbn,isbn13,authors,\
original_publication_year,original_title,title,language_code,average_rating,ratings_count
1,11,11,111,3,,,\"Ann Author, Bob Writer, Jr.\",2008.0,A Title,\"A Title (A Series, #1)\",eng,4.3,100
2,12,12,112,3,,,Carl Cook,,Un titre,,fre,4.1,200
";

const BAD_ROWS: &str = "\
id,title,authors,year,category,price,stock
910001,The Left Hand of Darkness,Ursula K. Le Guin,1969,science_fiction,12.99,7
none,Good Omens,Terry Pratchett,1990,fantasy,9.50,3
910003,,Homer,-750,classics,8.00,0

910004,The Odyssey,Homer,-725,cookery,8.00,0
910005,Beloved,Toni Morrison,1987,classics
910006,Kindred,Octavia Butler,1979,science_fiction,$9,-1
910007,Dracula,Bram Stoker,1897,horror,7.25,4
";

fn exit_and_output(ran: &CommandOutput) -> String {
    format!("exit {}\n{}{}", ran.code, ran.stdout, ran.stderr)
}

async fn book(process: &TestProcess, book_id: i32) -> Book {
    let answer = process
        .inventory()
        .get_book(GetBookRequest { book_id })
        .await;
    let book = answer.expect("it was imported").into_inner().book;
    book.expect("required")
}

#[tokio::test]
async fn both_headers_are_accepted_and_import_is_idempotent() {
    let folder = Folder::new();
    folder.write("own.csv", OWN_FORMAT);
    folder.write("goodbooks.csv", GOODBOOKS);
    let files = ["own.csv", "goodbooks.csv", "own.csv", "goodbooks.csv"];
    let import = |file| run(&folder, &["import", file, "--default-price=9.99"]);
    let all = files.map(|file| exit_and_output(&import(file)));
    insta::assert_snapshot!("both_headers", all.concat());

    let process = TestProcess::up(&folder);
    let omens = book(&process, 910_002).await;
    assert_eq!(omens.authors, ["Terry Pratchett", "Neil Gaiman"]);
    assert_eq!(omens.price.expect("required").amount_minor, Some(950));
    let good = book(&process, 1_000_001).await;
    assert_eq!(good.title, "A Title (A Series, #1)");
    assert_eq!(good.authors, ["Ann Author", "Bob Writer, Jr."]);
    assert_eq!(good.publication_year, Some(2008));
    let french = book(&process, 1_000_002).await;
    assert_eq!(
        (french.title.as_str(), french.publication_year),
        ("Un titre", None)
    );
    // The shipped catalogue is still there.
    assert_eq!(book(&process, 1).await.title, "The Maltese Falcon");
}

#[tokio::test]
async fn bad_rows_are_reported_by_line_and_good_rows_are_stored() {
    let folder = Folder::new();
    folder.write("bad.csv", BAD_ROWS);
    let ran = run(&folder, &["import", "bad.csv"]);
    insta::assert_snapshot!("bad_rows", exit_and_output(&ran));
    let process = TestProcess::up(&folder);
    assert_eq!(
        book(&process, 910_001).await.title,
        "The Left Hand of Darkness"
    );
    let request = BatchGetStockRequest {
        book_ids: vec![910_007],
    };
    let answer = process.inventory().batch_get_stock(request).await;
    assert_eq!(answer.expect("any book").into_inner().levels[0].on_hand, 4);
}

#[test]
fn unreadable_file_is_reported_in_one_line() {
    let folder = Folder::new();
    folder.write("header.csv", "number,name\n1,The Iliad\n");
    folder.write("empty.csv", "");
    folder.write("a-folder/file", "");
    let files = ["header.csv", "empty.csv", "a-folder", "nothing.csv"];
    let all = files.map(|file| {
        let ran = run(&folder, &["import", file]);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        exit_and_output(&ran)
    });
    insta::assert_snapshot!("unreadable_files", all.concat());
    assert!(!folder.path("data").exists(), "no data folder is created");
}

#[test]
fn standard_input_is_read() {
    let folder = Folder::new();
    let ran = run_with_input(&folder, &["import", "-"], OWN_FORMAT, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, "-: 3 new books, 0 updated, 0 unchanged\n");
}

#[test]
fn closed_stdout_does_not_fail_the_import() {
    let folder = Folder::new();
    folder.write("own.csv", OWN_FORMAT);
    assert_eq!(run_unread(&folder, &["import", "own.csv"]), Some(0));
}

#[tokio::test]
async fn import_into_a_server_needs_the_operator_token() {
    let folder = Folder::new();
    folder.write("own.csv", OWN_FORMAT);
    let process = TestProcess::up(&folder);
    let url = process.grpc_url();
    let import = ["import", "own.csv", "--server", &url];
    // The token is read from the data folder.
    let from_folder = run(&folder, &import);
    assert_eq!(book(&process, 910_003).await.publication_year, Some(-750));

    // Another data folder has no token, unless the variable contains it.
    let elsewhere = [&import[..], &["--data=elsewhere"]].concat();
    let with = |token| {
        run_with_input(
            &folder,
            &elsewhere,
            "",
            &[("BINDERY_OPERATOR_TOKEN", token)],
        )
    };
    let all = [
        from_folder,
        run(&folder, &elsewhere),
        with(process.token()),
        with("not-the-token"),
        with("not\na-token"),
        with(""),
    ];
    let all = all.each_ref().map(exit_and_output).concat();
    insta::assert_snapshot!("server", all.replace(&url, "[server]"));
    assert!(!all.contains(process.token()) && !folder.path("elsewhere").exists());

    process.stop().await;
    let down = run(&folder, &import);
    assert_eq!((down.code, down.stderr.lines().count()), (1, 1), "{down:?}");
    assert!(down.stderr.contains("cannot reach"), "{}", down.stderr);
}

#[test]
fn replacing_the_catalogue_of_a_server_is_refused_with_what_to_do() {
    let folder = Folder::new();
    folder.write("own.csv", OWN_FORMAT);
    let server = "--server=http://127.0.0.1:1";
    let ran = run(&folder, &["import", "own.csv", "--replace", server]);
    insta::assert_snapshot!("replace_on_server", exit_and_output(&ran));
}

#[test]
fn categories_follow_from_the_tags_of_goodbooks() {
    let folder = Folder::new();
    folder.write("books.csv", "book_id,goodreads_book_id,authors,original_publication_year,title\n1,2767052,A,2008,T\n2,3,B,1997,U\n");
    folder.write(
        "book_tags.csv",
        "goodreads_book_id,tag_id,count\n2767052,7,30\n2767052,8,900\n",
    );
    folder.write("tags.csv", "tag_id,tag_name\n7,sci-fi\n8,to-read\n");
    folder.write("wrong.csv", "goodreads_book_id,tag\n1,7\n");
    let import = |arguments: &[&str]| {
        let file = [
            "import",
            "books.csv",
            "--default-price=9",
            "--default-stock=5",
        ];
        run(&folder, &[&file[..], arguments].concat())
    };
    let all = [
        import(&["--book-tags=book_tags.csv", "--tags=tags.csv"]),
        import(&["--book-tags=wrong.csv", "--tags=tags.csv"]),
        import(&["--book-tags=book_tags.csv"]),
        import(&["--book-tags=nothing.csv"]),
    ];
    insta::assert_snapshot!("book_tags", all.each_ref().map(exit_and_output).concat());
    let exported = run(&folder, &["export", "exported.jsonl"]);
    assert_eq!(exported.code, 0, "{exported:?}");
    let exported = fs::read_to_string(folder.path("exported.jsonl")).expect("it is written");
    let of_book = |id: &str| exported.lines().find(|line| line.contains(id));
    let first = of_book("1000001").expect("it is imported");
    assert!(
        first.contains("\"science_fiction\"") && first.contains("\"stock\":5"),
        "{first}"
    );
}

#[test]
fn dry_run_shows_what_would_change_and_changes_nothing() {
    let folder = Folder::new();
    folder.write("own.csv", OWN_FORMAT);
    let dry_run = |file| run(&folder, &["import", file, "--dry-run"]);
    let mut all = exit_and_output(&dry_run("own.csv"));
    assert!(!folder.path("data").exists(), "no data folder is created");

    assert_eq!(run(&folder, &["import", "own.csv"]).code, 0);
    let changed = OWN_FORMAT.replace("12.99,7", "11.50,8") + "910004,Emma,,,cookery,1,\n";
    folder.write("changed.csv", changed + "910005,Persuasion,,,,1,\n");
    all += &exit_and_output(&dry_run("changed.csv"));
    all += &exit_and_output(&dry_run("own.csv"));
    insta::assert_snapshot!("dry_run", all);
}

#[tokio::test]
async fn replace_removes_all_other_books_after_a_confirmation() {
    let folder = Folder::new();
    folder.write("own.csv", OWN_FORMAT);
    folder.write("smaller.csv", "id,title,price\n910001,Left Hand,1\n");
    let import = |arguments: &[&str]| run(&folder, &[&["import"], arguments].concat());
    // A new data folder has nothing that could be removed.
    let first = import(&["own.csv", "--replace"]);
    let asked = import(&["smaller.csv", "--replace"]);
    let dry_run = import(&["smaller.csv", "--replace", "--dry-run"]);
    let confirmed = import(&["smaller.csv", "--replace", "--yes"]);
    let all = [first, asked, dry_run, confirmed];
    insta::assert_snapshot!("replace", all.each_ref().map(exit_and_output).concat());

    let process = TestProcess::up(&folder);
    let request = ListCategoriesRequest {};
    let categories = process.inventory().list_categories(request).await;
    let categories = categories.expect("anybody may ask").into_inner().categories;
    let books: i32 = categories.iter().map(|count| count.book_count).sum();
    assert_eq!(books, 1, "neither other books nor the shipped ones");
    assert_eq!(book(&process, 910_001).await.title, "Left Hand");
    process.stop().await;
}

#[tokio::test]
async fn export_of_a_server_or_a_data_folder_is_imported_without_changes() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let url = process.grpc_url();
    let of_server = run(&folder, &["export", "books.csv", "--server", &url]);
    assert_eq!(
        exit_and_output(&of_server),
        "exit 0\nbooks.csv: 700 books\n"
    );
    process.stop().await;
    for file in ["books.jsonl", "books.xml"] {
        let ran = run(&folder, &["export", file]);
        assert_eq!(
            exit_and_output(&ran),
            format!("exit 0\n{file}: 700 books\n")
        );
    }
    let standard_output = run(&folder, &["export", "-", "--format=csv"]);
    let csv = fs::read_to_string(folder.path("books.csv")).expect("it was written");
    assert_eq!(standard_output.stdout, csv);
    for file in ["books.csv", "books.jsonl", "books.xml"] {
        let ran = run(&folder, &["import", file]);
        let expected = format!("exit 0\n{file}: 0 new books, 0 updated, 700 unchanged\n");
        assert_eq!(exit_and_output(&ran), expected);
    }
    let errors = ["books.txt", "nowhere/books.csv"];
    let errors = errors.map(|file| exit_and_output(&run(&folder, &["export", file])));
    let missing = run(&folder, &["export", "books.csv", "--data=nothing"]);
    let all = errors.concat() + &exit_and_output(&missing);
    insta::assert_snapshot!("export_errors", all);
    assert!(
        !folder.path("nothing").exists(),
        "no data folder is created"
    );
}

#[test]
fn wrong_descriptions_of_a_file_are_reported_in_one_line() {
    let folder = Folder::new();
    folder.write("own.csv", OWN_FORMAT);
    folder.write("wrong.toml", "[columns]\ntitel = \"Titel\"\n");
    let all = [
        "--map=titel=Titel",
        "--map=price=Preis",
        "--map-category=Krimi=crime",
        "--default-price=cheap",
        "--currency=euro",
        "--delimiter=ab",
        "--encoding=latin-99",
        "--mapping=wrong.toml",
        "--mapping=nothing.toml",
    ];
    let all = all.map(|flag| {
        let ran = run(&folder, &["import", "own.csv", flag]);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        exit_and_output(&ran)
    });
    insta::assert_snapshot!("wrong_descriptions", all.concat());
}
