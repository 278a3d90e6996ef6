use comfy_table::{CellAlignment, ContentArrangement, presets};

/// Columns for a person. Numbers stand to the right.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Headings; one that begins with `>` stands to the right with its column.
    pub fn new<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        let headings: Vec<_> = headings.into_iter().collect();
        Self {
            right: headings.iter().map(|heading| heading.starts_with('>')).collect(),
            headings: headings.iter().map(|heading| heading.trim_start_matches('>').to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// As lines, without a line break at the end or blanks at the ends of lines.
    pub fn text(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        let rule = |index: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(index)).chain(self.headings.get(index));
            "─".repeat(cells.map(|cell| cell.chars().count()).max().unwrap_or(0))
        };
        table.add_row(&self.headings);
        table.add_row((0..self.headings.len()).map(rule));
        for row in &self.rows {
            table.add_row(row);
        }
        for (column, right) in table.column_iter_mut().zip(&self.right) {
            column.set_padding((0, 2));
            column.set_cell_alignment(if *right { CellAlignment::Right } else { CellAlignment::Left });
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["object", ">created"]);
        table.row(["invoices", "12"]);
        table.row(["credit_notes", "3"]);
        let expected = "object        created\n\
                        ────────────  ───────\n\
                        invoices           12\n\
                        credit_notes        3";
        assert_eq!(table.text(), expected);
    }
}
