//! The map of the services: who calls whom, as inline SVG. The style sheet of the page sets the
//! colours.

use std::{collections::BTreeMap, f64::consts::TAU};

use super::history::Series;
use crate::options::MonitoredService;

/// The drawing has 640 by 360 units; the services are on an ellipse around its centre.
const CENTRE: (f64, f64) = (320.0, 180.0);
const RADII: (f64, f64) = (236.0, 142.0);
/// Half of the size of the box of a service.
const BOX: (f64, f64) = (72.0, 17.0);
/// How far an arrow bends to its side, as a part of its length, so that the two arrows between
/// services that call each other lie apart.
const BEND: f64 = 0.09;

/// The data that the template of the map needs.
#[derive(Debug)]
pub(super) struct DependencyMap {
    pub nodes: Vec<Node>,
    /// The SVG paths of the arrows.
    pub arrows: Vec<String>,
    /// A text alternative: one sentence for each service.
    pub sentences: Vec<String>,
}

/// The box of a service.
#[derive(Debug)]
pub(super) struct Node {
    pub name: String,
    /// The CSS class: `good`, `bad` or `unknown`.
    pub health: &'static str,
    /// The upper left corner.
    pub left: String,
    pub top: String,
    /// The middle of the text.
    pub x: String,
    pub y: String,
}

/// Draws the services in their order, clockwise from the top.
pub(super) fn draw(
    services: &[MonitoredService],
    history: &BTreeMap<String, Series>,
) -> DependencyMap {
    let position = |index: usize| {
        let angle = TAU * (index as f64 / services.len().max(1) as f64 - 0.25);
        let (sine, cosine) = angle.sin_cos();
        (CENTRE.0 + RADII.0 * cosine, CENTRE.1 + RADII.1 * sine)
    };
    let index_of = |name: &str| services.iter().position(|service| service.name == name);
    let mut map = DependencyMap {
        nodes: Vec::new(),
        arrows: Vec::new(),
        sentences: Vec::new(),
    };
    for (index, service) in services.iter().enumerate() {
        let (x, y) = position(index);
        map.nodes.push(Node {
            name: service.name.clone(),
            health: health(service, history),
            left: format!("{:.1}", x - BOX.0),
            top: format!("{:.1}", y - BOX.1),
            x: format!("{x:.1}"),
            y: format!("{y:.1}"),
        });
        let called = service.calls.iter().filter_map(|name| index_of(name));
        map.arrows
            .extend(called.map(|callee| arrow((x, y), position(callee))));
        map.sentences.push(match service.calls.as_slice() {
            [] => format!("{} calls no other service.", service.name),
            calls => format!("{} calls {}.", service.name, calls.join(", ")),
        });
    }
    map
}

/// The worst health of the gRPC services of a service. The shop has none: it serves this page.
fn health(service: &MonitoredService, history: &BTreeMap<String, Series>) -> &'static str {
    let mut worst = "good";
    for name in &service.grpc_services {
        match history.get(name).and_then(|series| series.serving) {
            Some(true) => {}
            Some(false) => return "bad",
            None => worst = "unknown",
        }
    }
    worst
}

/// A curve from the edge of one box to the edge of another.
fn arrow(from: (f64, f64), to: (f64, f64)) -> String {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let control = (
        (from.0 + to.0) / 2.0 - dy * BEND,
        (from.1 + to.1) / 2.0 + dx * BEND,
    );
    let (start, end) = (edge(from, control), edge(to, control));
    format!(
        "M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
        start.0, start.1, control.0, control.1, end.0, end.1
    )
}

/// Where the line from the middle of a box towards a point leaves the box.
fn edge(middle: (f64, f64), towards: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (towards.0 - middle.0, towards.1 - middle.1);
    let gap = 3.0;
    let scale = |size: f64, distance: f64| {
        if distance.abs() < f64::EPSILON {
            f64::INFINITY
        } else {
            (size + gap) / distance.abs()
        }
    };
    let part = scale(BOX.0, dx).min(scale(BOX.1, dy)).min(1.0);
    (middle.0 + dx * part, middle.1 + dy * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, calls: &[&str]) -> MonitoredService {
        MonitoredService {
            name: name.to_owned(),
            grpc_services: vec![format!("a.{name}")],
            calls: calls.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn map_has_an_arrow_for_each_call_and_the_worst_health() {
        let services = [
            service("cart", &["inventory", "elsewhere"]),
            service("inventory", &[]),
        ];
        let serving = |serving| Series {
            serving: Some(serving),
            ..Series::default()
        };
        let history = BTreeMap::from([("a.inventory".to_owned(), serving(false))]);
        let map = draw(&services, &history);
        let healths: Vec<_> = map.nodes.iter().map(|node| node.health).collect();
        assert_eq!(healths, ["unknown", "bad"]);
        assert_eq!(map.arrows.len(), 1);
        assert_eq!(
            map.sentences,
            [
                "cart calls inventory, elsewhere.",
                "inventory calls no other service."
            ]
        );
        assert!(draw(&[], &history).nodes.is_empty());
    }

    #[test]
    fn arrow_begins_and_ends_at_the_edges_of_the_boxes() {
        let (x, y) = edge((100.0, 100.0), (100.0, 300.0));
        assert_eq!((x, y), (100.0, 120.0));
        let (x, y) = edge((100.0, 100.0), (0.0, 100.0));
        assert_eq!((x, y), (25.0, 100.0));
    }
}
