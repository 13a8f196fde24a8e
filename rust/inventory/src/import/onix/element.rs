//! The elements of a product of ONIX, under the names of the reference tags.

/// An element with its text and the elements in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The reference name: `TitleText`, also for the short tag `b203`.
    pub(super) name: String,
    text: String,
    /// The part of the text that was written as references such as `&#32;`, which are not trimmed.
    kept: Option<(usize, usize)>,
    children: Vec<Self>,
}

impl Element {
    pub(super) fn new(tag: &str) -> Self {
        Self {
            name: reference_name(tag).to_owned(),
            ..Self::default()
        }
    }

    /// Adds text as the file has it. A line break with the blanks around it is one blank.
    pub(super) fn push_text(&mut self, text: &str) {
        let kept = self.kept.map_or(0, |(_, last)| last);
        let mut is_after_break = false;
        for letter in text.chars() {
            match letter {
                '\n' | '\r' | '\t' => {
                    while self.text.len() > kept && self.text.ends_with(' ') {
                        self.text.pop();
                    }
                    self.text.push(' ');
                    is_after_break = true;
                }
                ' ' if is_after_break => {}
                letter => {
                    self.text.push(letter);
                    is_after_break = false;
                }
            }
        }
    }

    /// Adds a character that was written as a reference.
    pub(super) fn push_reference(&mut self, letter: char) {
        let begin = self.text.len();
        self.text.push(letter);
        let first = self.kept.map_or(begin, |(first, _)| first);
        self.kept = Some((first, self.text.len()));
    }

    pub(super) fn push(&mut self, child: Self) {
        self.children.push(child);
    }

    /// The text without blanks around it.
    pub(super) fn text(&self) -> &str {
        let inner = self.text.trim();
        let begin = self.text.len() - self.text.trim_start().len();
        let end = begin + inner.len();
        match self.kept {
            Some((first, last)) if inner.is_empty() => &self.text[first..last],
            Some((first, last)) => &self.text[begin.min(first)..end.max(last)],
            None => inner,
        }
    }

    /// The elements of this name in this one.
    pub(super) fn all<'e, 'n>(
        &'e self,
        name: &'n str,
    ) -> impl Iterator<Item = &'e Self> + use<'e, 'n> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The elements of a path of names.
    pub(super) fn all_of(&self, path: &[&str]) -> Vec<&Self> {
        let mut found = vec![self];
        for name in path {
            found = found.into_iter().flat_map(|it| it.all(name)).collect();
        }
        found
    }

    /// The text of the first element of this name; empty if there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.all(name).next().map_or("", Self::text)
    }
}

/// The reference name of a short tag that is read. Others are returned as they are.
pub(super) fn reference_name(tag: &str) -> &str {
    match tag {
        "ONIXmessage" => "ONIXMessage",
        "product" => "Product",
        "a001" => "RecordReference",
        "a002" => "NotificationType",
        "productidentifier" => "ProductIdentifier",
        "b221" => "ProductIDType",
        "b233" => "IDTypeName",
        "b244" => "IDValue",
        "descriptivedetail" => "DescriptiveDetail",
        "titledetail" => "TitleDetail",
        "b202" => "TitleType",
        "titleelement" => "TitleElement",
        "x409" => "TitleElementLevel",
        "b203" => "TitleText",
        "b030" => "TitlePrefix",
        "b031" => "TitleWithoutPrefix",
        "b029" => "Subtitle",
        "contributor" => "Contributor",
        "b034" => "SequenceNumber",
        "b035" => "ContributorRole",
        "b036" => "PersonName",
        "b037" => "PersonNameInverted",
        "b039" => "NamesBeforeKey",
        "b040" => "KeyNames",
        "b047" => "CorporateName",
        "language" => "Language",
        "b253" => "LanguageRole",
        "b252" => "LanguageCode",
        "collection" => "Collection",
        "collectionsequence" => "CollectionSequence",
        "x481" => "CollectionSequenceNumber",
        "x410" => "PartNumber",
        "extent" => "Extent",
        "b218" => "ExtentType",
        "b219" => "ExtentValue",
        "b220" => "ExtentUnit",
        "subject" => "Subject",
        "b067" => "SubjectSchemeIdentifier",
        "b171" => "SubjectSchemeName",
        "b069" => "SubjectCode",
        "b070" => "SubjectHeadingText",
        "collateraldetail" => "CollateralDetail",
        "textcontent" => "TextContent",
        "x426" => "TextType",
        "d104" => "Text",
        "supportingresource" => "SupportingResource",
        "x436" => "ResourceContentType",
        "x437" => "ResourceMode",
        "resourceversion" => "ResourceVersion",
        "x435" => "ResourceLink",
        "publishingdetail" => "PublishingDetail",
        "imprint" => "Imprint",
        "b079" => "ImprintName",
        "publisher" => "Publisher",
        "b291" => "PublishingRole",
        "b081" => "PublisherName",
        "publishingdate" => "PublishingDate",
        "x448" => "PublishingDateRole",
        "b306" => "Date",
        "productsupply" => "ProductSupply",
        "supplydetail" => "SupplyDetail",
        "price" => "Price",
        "x462" => "PriceType",
        "j151" => "PriceAmount",
        "j152" => "CurrencyCode",
        "stock" => "Stock",
        "j350" => "OnHand",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_trimmed_unless_they_are_references() {
        let mut element = Element::new("b203");
        element.push_text("\n  Emma");
        assert_eq!(
            (element.name.as_str(), element.text()),
            ("TitleText", "Emma")
        );
        element.push_reference(' ');
        element.push_text("\n ");
        assert_eq!(element.text(), "Emma ");
        let mut broken = Element::new("TitleText");
        broken.push_text(" Sense \n  and");
        broken.push_text("\tSensibility\n");
        assert_eq!(broken.text(), "Sense and Sensibility");
        let mut blank = Element::new("TitleText");
        blank.push_reference(' ');
        blank.push_reference('\u{a0}');
        assert_eq!(blank.text(), " \u{a0}");
    }
}
