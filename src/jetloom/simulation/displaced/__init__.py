"""Jets of long-lived particles, of multijets and of the beam, as calorimeter, tracker and muon system see them."""
